"""A hall's facilities and promotions over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.customer.archive.schemas import Place
from services.customer.facilities import repository, usecases
from services.customer.facilities.schemas import FacilityCreate, FacilityPatch, FacilityRead, Kind
from services.customer.facilities.usecases import ListFacility, ReviseFacility
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["facilities"])

Reader = Annotated[Caller, requires("facilities:read")]
Writer = Annotated[Caller, requires("facilities:write")]


@router.post("/facilities", status_code=201, response_model=FacilityRead)
async def list_facility(body: FacilityCreate, once: Once, caller: Writer) -> Response:
    command = ListFacility(caller.area, body.hall, body.content(), caller.subject)
    async with once.transaction() as session:
        facility = await usecases.list_facility(session, command, now=clock.now())
        return once.answer(201, FacilityRead.model_validate(facility), etag=facility.version)


@router.get("/facilities")
async def list_facilities(
    here: Here,
    caller: Reader,
    page: PageQuery,
    hall: Place | None = None,
    kind: Kind | None = None,
    on: date | None = None,
) -> Page[FacilityRead]:
    """Newest first; `on` is a day on which it is valid."""
    async with here.database.reading() as session:
        found = await repository.facilities_page(session, caller.area, page, hall=hall, kind=kind, on=on)
    return found.map(FacilityRead.model_validate)


@router.get("/facilities/{facility_id}")
async def get_facility(facility_id: UUID, here: Here, caller: Reader, response: Response) -> FacilityRead:
    async with here.database.reading() as session:
        facility = await repository.get_facility(session, facility_id, caller.area)
    response.headers["ETag"] = etag(facility.version)
    return FacilityRead.model_validate(facility)


@router.patch("/facilities/{facility_id}")
async def revise_facility(
    facility_id: UUID, body: FacilityPatch, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> FacilityRead:
    command = ReviseFacility(caller.area, facility_id, body.changes(), caller.subject)
    async with here.database.transaction() as session:
        facility = await usecases.revise_facility(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(facility.version)
    return FacilityRead.model_validate(facility)
