"""The calendar over HTTP: read by everybody who plans, changed by the office."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile

from services.messaging.calendar import repository, usecases
from services.messaging.calendar.rules import EVERYWHERE
from services.messaging.calendar.schemas import CalendarRead, DayBody, DayRead, ImportRead, Place
from services.messaging.calendar.usecases import ImportDays
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, IfMatchToChange, Once, requires
from shared.web.etags import etag

router = APIRouter(prefix="/messaging/v1/calendar", tags=["calendar"])

Reader = Annotated[Caller, requires("calendar:read")]
Writer = Annotated[Caller, requires("calendar:write")]
YearQuery = Annotated[int | None, Query(ge=2004, le=2100, description="默认今年")]
DayPath = Annotated[date, Path()]
PlaceQuery = Annotated[Place, Query(description="* 为全部，或区县、营业厅编码")]


@router.get("")
async def list_days(here: Here, caller: Reader, year: YearQuery = None) -> CalendarRead:
    """Days off, make-up workdays and festivals of a year, as far as they hold in the caller's area."""
    today = clock.business_date(clock.now())
    wanted = year or today.year
    async with here.database.reading() as session:
        days = await repository.days_of_year(session, wanted, caller.area)
        known = await repository.years(session)
    is_known = wanted in known and known[wanted].days_off_known
    return CalendarRead.of(wanted, days, known=is_known, needed=wanted in usecases.missing(known, today))


@router.post("/imports", response_model=ImportRead)
async def import_days(
    file: Annotated[UploadFile, File(description="列：日期、类型、名称、地点、问候")],
    once: Once,
    caller: Writer,
    whole_years: Annotated[bool, Form(description="文件包含所涉年份的全部放假和调休安排")] = False,
) -> Response:
    """A CSV or XLSX file of days, taken as a whole; a line that is wrong refuses the file and is named."""
    rows = await asyncio.to_thread(usecases.read_file, file.file)
    async with once.transaction() as session:
        command = ImportDays(rows, whole_years, caller.subject)
        noted = await usecases.import_days(session, command, now=clock.now())
        return once.answer(200, ImportRead(saved=len(noted), years=sorted({n.day.year for n in noted})))


@router.put("/{day}")
async def put_day(
    day: DayPath,
    body: DayBody,
    here: Here,
    caller: Writer,
    if_match: IfMatchToChange,
    response: Response,
    place: PlaceQuery = EVERYWHERE,
) -> DayRead:
    """Note a day, or correct what is noted about it; what the packages tell no longer changes it."""
    async with here.database.transaction() as session:
        before = await repository.day_or_none(session, day, place)
        if before is not None:
            if_match.check(before.version)
        noted = await usecases.note_day(session, body.noted(day, place), by=caller.subject, now=clock.now())
    response.headers["ETag"] = etag(noted.version)
    return DayRead.model_validate(noted)


@router.delete("/{day}", status_code=204)
async def delete_day(
    day: DayPath, here: Here, _caller: Writer, if_match: IfMatch, place: PlaceQuery = EVERYWHERE
) -> None:
    """Take a note away: the weekday and less exact places decide again."""
    async with here.database.transaction() as session:
        found = await repository.get_day(session, day, place)
        if_match.check(found.version)
        await session.delete(found)
