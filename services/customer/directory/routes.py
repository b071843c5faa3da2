"""The organisation over HTTP: list, get, create and change counties, halls and clerks."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response

from services.customer.directory import repository, usecases
from services.customer.directory.schemas import (
    ClerkChange,
    ClerkCreate,
    ClerkHistory,
    ClerkRead,
    CountyChange,
    CountyCreate,
    CountyRead,
    HallChange,
    HallChangeRead,
    HallCreate,
    HallHistory,
    HallRead,
    PostAtHall,
    PostRead,
    StaffRole,
)
from shared import clock
from shared.pagination import Page
from shared.security.scopes import requires
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["directory"])

Reader = Annotated[Caller, requires("directory:read")]
Writer = Annotated[Caller, requires("directory:write")]
LONGEST_HISTORY = 1000


@router.get("/counties")
async def list_counties(here: Here, caller: Reader, page: PageQuery) -> Page[CountyRead]:
    async with here.database.reading() as session:
        found = await repository.counties_page(session, caller.area, page)
    return found.map(CountyRead.of)


@router.post("/counties", status_code=201, response_model=CountyRead)
async def found_county(body: CountyCreate, once: Once, caller: Writer) -> Response:
    command = usecases.FoundCounty(caller.area, body.code, body.name)
    async with once.transaction() as session:
        county = await usecases.found_county(session, command, now=clock.now())
        return once.answer(201, CountyRead.of(county), etag=county.version)


@router.get("/counties/{code}")
async def get_county(code: str, here: Here, caller: Reader, response: Response) -> CountyRead:
    async with here.database.reading() as session:
        county = await repository.get_county(session, code, caller.area)
    response.headers["ETag"] = etag(county.version)
    return CountyRead.of(county)


@router.patch("/counties/{code}")
async def change_county(
    code: str, body: CountyChange, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> CountyRead:
    command = usecases.ChangeCounty(caller.area, code, body.model_dump(exclude_unset=True))
    async with here.database.transaction() as session:
        county = await usecases.change_county(session, command, unless_stale=if_match.check, now=clock.now())
    response.headers["ETag"] = etag(county.version)
    return CountyRead.of(county)


@router.get("/halls")
async def list_halls(
    here: Here, caller: Reader, page: PageQuery, county: str | None = None
) -> Page[HallRead]:
    async with here.database.reading() as session:
        found = await repository.halls_page(session, caller.area, page, county=county)
    return found.map(HallRead.of)


@router.post("/halls", status_code=201, response_model=HallRead)
async def open_hall(body: HallCreate, once: Once, caller: Writer) -> Response:
    command = usecases.OpenHall(caller.area, body.code, body.county, body.facts())
    async with once.transaction() as session:
        hall = await usecases.open_hall(session, command, now=clock.now())
        return once.answer(201, HallRead.of(hall), etag=hall.version)


@router.get("/halls/{code}")
async def get_hall(code: str, here: Here, caller: Reader, response: Response) -> HallRead:
    async with here.database.reading() as session:
        hall = await repository.get_hall(session, code, caller.area)
    response.headers["ETag"] = etag(hall.version)
    return HallRead.of(hall)


@router.patch("/halls/{code}")
async def change_hall(
    code: str, body: HallChange, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> HallRead:
    command = usecases.ChangeHall(caller.area, code, body.model_dump(exclude_unset=True), by=caller.subject)
    async with here.database.transaction() as session:
        hall = await usecases.change_hall(session, command, unless_stale=if_match.check, now=clock.now())
    response.headers["ETag"] = etag(hall.version)
    return HallRead.of(hall)


@router.get("/halls/{code}/history")
async def hall_history(code: str, here: Here, caller: Reader) -> HallHistory:
    """Who was there from when to when, and every change of the hall."""
    async with here.database.reading() as session:
        hall = await repository.get_hall(session, code, caller.area)
        posts = await repository.posts_at_hall(session, hall.code, LONGEST_HISTORY)
        changes = await repository.hall_changes(session, hall.code, LONGEST_HISTORY)
    named = [PostAtHall.named(post, name) for post, name in posts]
    return HallHistory(posts=named, changes=[HallChangeRead.of(change) for change in changes])


@router.get("/clerks/{staff_no}/history")
async def clerk_history(staff_no: str, here: Here, caller: Reader) -> ClerkHistory:
    async with here.database.reading() as session:
        clerk = await repository.get_clerk(session, staff_no, caller.area)
        posts = await repository.posts_of(session, clerk.staff_no)
    return ClerkHistory(posts=[PostRead.model_validate(post) for post in posts])


@router.get("/clerks")
async def list_clerks(
    here: Here,
    caller: Reader,
    page: PageQuery,
    hall: str | None = None,
    role: StaffRole | None = None,
    effective_on: date | None = None,
) -> Page[ClerkRead]:
    async with here.database.reading() as session:
        found = await repository.clerks_page(
            session, caller.area, page, hall=hall, role=role, effective_on=effective_on
        )
    return found.map(ClerkRead.of)


@router.post("/clerks", status_code=201, response_model=ClerkRead)
async def appoint_clerk(body: ClerkCreate, once: Once, caller: Writer) -> Response:
    command = usecases.AppointClerk(area=caller.area, by=caller.subject, **body.model_dump())
    async with once.transaction() as session:
        clerk = await usecases.appoint_clerk(session, command, now=clock.now())
        return once.answer(201, ClerkRead.of(clerk), etag=clerk.version)


@router.get("/clerks/{staff_no}")
async def get_clerk(
    staff_no: str, here: Here, caller: Reader, response: Response, as_of: date | None = None
) -> ClerkRead:
    """With `as_of`, what and where the clerk was on that day; 404 when not employed then."""
    async with here.database.reading() as session:
        if as_of is not None:
            return ClerkRead.as_of(*await repository.get_post_on(session, staff_no, as_of, caller.area))
        clerk = await repository.get_clerk(session, staff_no, caller.area)
    response.headers["ETag"] = etag(clerk.version)
    return ClerkRead.of(clerk)


@router.patch("/clerks/{staff_no}")
async def change_clerk(
    staff_no: str, body: ClerkChange, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> ClerkRead:
    command = usecases.ChangeClerk(
        caller.area, staff_no, body.changes(), by=caller.subject, moved_on=body.moved_on
    )
    async with here.database.transaction() as session:
        clerk = await usecases.change_clerk(session, command, unless_stale=if_match.check, now=clock.now())
    response.headers["ETag"] = etag(clerk.version)
    return ClerkRead.of(clerk)
