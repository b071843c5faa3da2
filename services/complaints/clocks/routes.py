"""Policies and calendars over HTTP: read by everybody who reads tickets, changed by the office."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from services.complaints.clocks import repository, usecases
from services.complaints.clocks.models import EVERY_HALL
from services.complaints.clocks.schemas import (
    CalendarBody,
    CalendarDaysRead,
    CalendarList,
    CalendarRead,
    CalendarYearBody,
    PolicyCreate,
    PolicyRead,
    PolicyVersions,
    spans_of,
)
from services.complaints.directory import repository as directory
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, requires
from shared.web.etags import etag

router = APIRouter(prefix="/complaints/v1", tags=["clocks"])

Reader = Annotated[Caller, requires("tickets:read")]
Writer = Annotated[Caller, requires("policies:write")]
Year = Annotated[int, Path(ge=2004, le=2100)]


@router.get("/policies")
async def list_policies(
    here: Here, _caller: Reader, version: Annotated[int | None, Query(ge=1)] = None
) -> PolicyVersions:
    """The limits in force, or those of an earlier version."""
    async with here.database.reading() as session:
        versions = await repository.policy_versions(session)
        shown = [p for p in versions if p.version == version] if version else versions[:1]
        items = [PolicyRead.of(p, await repository.limits_of(session, p.version)) for p in shown]
    return PolicyVersions(items=items, versions=[policy.version for policy in versions])


@router.post("/policies", status_code=201, response_model=PolicyRead)
async def publish_policy(body: PolicyCreate, once: Once, caller: Writer) -> Response:
    """A new version of all limits; open tickets keep theirs."""
    async with once.transaction() as session:
        command = usecases.PublishPolicy(
            [limit.model_dump() for limit in body.limits], body.note, caller.subject
        )
        policy = await usecases.publish_policy(session, command, now=clock.now())
        limits = await repository.limits_of(session, policy.version)
        return once.answer(201, PolicyRead.of(policy, limits), etag=policy.version)


@router.get("/business-calendars")
async def list_calendars(here: Here, _caller: Reader) -> CalendarList:
    """The hours of business of every hall that has its own, and the common ones."""
    async with here.database.reading() as session:
        return CalendarList(items=[CalendarRead.of(c) for c in await repository.all_calendars(session)])


@router.put("/business-calendars/{hall}")
async def set_calendar(
    hall: str, body: CalendarBody, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> CalendarRead:
    """Set a hall's hours of business; from then on the directory's opening hours do not change them."""
    async with here.database.transaction() as session:
        known = await repository.latest_calendars(session, [hall, EVERY_HALL])
        if hall != EVERY_HALL:
            await directory.get_hall(session, hall, caller.area)
        if_match.check(known[hall].version if hall in known else 0)
        command = usecases.SetHallCalendar(
            hall, body.by_weekday(), spans_of(body.holiday), spans_of(body.makeup), caller.subject
        )
        calendar = await usecases.set_hall_calendar(session, command, now=clock.now())
    response.headers["ETag"] = etag(calendar.version)
    return CalendarRead.of(calendar)


@router.get("/calendar-days")
async def list_days(here: Here, _caller: Reader, response: Response) -> CalendarDaysRead:
    """Days off and make-up workdays (调休), and the years they are known for."""
    async with here.database.reading() as session:
        version = await repository.latest_days(session)
        days = await repository.calendar_days(session, version.version)
    response.headers["ETag"] = etag(version.version)
    return CalendarDaysRead.of(version, days)


@router.put("/calendar-days/{year}")
async def load_year(
    year: Year, body: CalendarYearBody, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> CalendarDaysRead:
    """Load one year's days off and make-up workdays, in place of what was known of that year."""
    async with here.database.transaction() as session:
        if_match.check((await repository.latest_days(session)).version)
        command = usecases.LoadCalendarYear(year, body.exceptional(), body.source, caller.subject)
        version = await usecases.load_calendar_year(session, command, now=clock.now())
        days = await repository.calendar_days(session, version.version)
    response.headers["ETag"] = etag(version.version)
    return CalendarDaysRead.of(version, days)
