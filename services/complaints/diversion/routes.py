"""Diversion over HTTP: read as it stands, or measured, stored and said."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.complaints.config import ComplaintsSettings
from services.complaints.directory import repository as directory
from services.complaints.diversion import usecases
from services.complaints.diversion.schemas import (
    DiversionRead,
    MeasurementCreate,
    MeasurementList,
    MeasurementRead,
    Month,
)
from services.complaints.diversion.usecases import MeasureDiversion
from shared import clock
from shared.security.tenancy import Area, Caller
from shared.web.dependencies import Here, Once, requires

router = APIRouter(prefix="/complaints/v1", tags=["diversion"])

Reader = Annotated[Caller, requires("work_orders:read")]
Writer = Annotated[Caller, requires("work_orders:write")]


@router.get("/diversion")
async def read_diversion(
    here: Here, caller: Reader, month: Annotated[Month | None, Query()] = None, hall: str | None = None
) -> DiversionRead:
    """The month's share of customers who came to the hall instead of ringing 10086, with the month before."""
    days = ComplaintsSettings.of(here.settings).diversion_window_days
    async with here.database.reading() as session:
        area = caller.area
        if hall is not None:
            found = await directory.get_hall(session, hall, area)
            area = Area(county=found.county, hall=found.code)
        command = MeasureDiversion(area, month or clock.month_of(clock.now()), days)
        picture = await usecases.read_diversion(session, command)
    return DiversionRead.of(picture, hall, days)


@router.post("/diversion/measurements", status_code=201, response_model=MeasurementList)
async def measure_diversion(body: MeasurementCreate, here: Here, once: Once, caller: Writer) -> Response:
    """Measure the month for the caller's halls; only figures that are different are said again."""
    days = ComplaintsSettings.of(here.settings).diversion_window_days
    async with once.transaction() as session:
        command = MeasureDiversion(caller.area, body.month, days)
        stored = await usecases.measure_diversion(session, command, now=clock.now())
        items = [MeasurementRead.of(measurement) for measurement in stored]
        return once.answer(201, MeasurementList(month=body.month, items=items))
