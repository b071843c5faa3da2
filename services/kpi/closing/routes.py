"""Periods over HTTP: their state, and closing them."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.kpi.closing.usecases import ClosePeriod, close_period
from services.kpi.periods import repository
from services.kpi.periods.models import PeriodState
from services.kpi.periods.schemas import PeriodCode, PeriodRead
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, requires
from shared.web.etags import etag

router = APIRouter(prefix="/kpi/v1", tags=["periods"])

Code = Annotated[PeriodCode, Path()]


@router.get("/periods/{period}")
async def read(
    period: Code, here: Here, _caller: Annotated[Caller, requires("scores:read")], response: Response
) -> PeriodRead:
    """Whether the period is open or closed, and with which run."""
    async with here.database.reading() as session:
        state = await repository.state_or_none(session, period) or PeriodState(code=period)
    response.headers["etag"] = etag(state.version)
    return PeriodRead.model_validate(state)


@router.post("/periods/{period}/close", status_code=201, response_model=PeriodRead)
async def close(
    period: Code, here: Here, once: Once, caller: Annotated[Caller, requires("periods:write")]
) -> Response:
    """Make the period's figures final; what arrives later no longer changes them."""
    async with once.transaction() as session:
        state = await close_period(session, ClosePeriod(period, caller.subject), now=clock.now())
        return once.answer(201, PeriodRead.model_validate(state), etag=state.version)
