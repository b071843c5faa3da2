"""The catalogue of indicators over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from services.kpi.indicators import repository
from services.kpi.indicators.schemas import IndicatorList, IndicatorRead
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/kpi/v1", tags=["indicators"])

Reader = Annotated[Caller, requires("schemes:read")]


@router.get("/indicators")
async def list_indicators(here: Here, _caller: Reader) -> IndicatorList:
    """Every indicator with its definition, formula, source events, unit, direction and owner."""
    async with here.database.reading() as session:
        found = await repository.catalogue(session)
    return IndicatorList(items=[IndicatorRead.of(indicator) for indicator in found])


@router.get("/indicators/{code}")
async def read_indicator(code: str, here: Here, _caller: Reader) -> IndicatorRead:
    async with here.database.reading() as session:
        return IndicatorRead.of(await repository.get_indicator(session, code))
