"""The frequency analysis over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.messaging.analysis.schemas import AnalysisRead
from services.messaging.analysis.usecases import analyse_month
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/messaging/v1", tags=["analysis"])

Reader = Annotated[Caller, requires("messages:read")]
MonthText = Annotated[str | None, Query(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$", description="默认本月")]


@router.get("/frequency-analysis")
async def analyse_frequency(
    here: Here,
    caller: Reader,
    month: MonthText = None,
    hall: Annotated[str | None, Query(max_length=64)] = None,
) -> AnalysisRead:
    """Sends a customer, coverage, what followed after how many, hours of the day; by class and hall."""
    async with here.database.reading() as session:
        found = await analyse_month(session, month or clock.month_of(clock.now()), caller.area, hall)
    return AnalysisRead.of(found, hall)
