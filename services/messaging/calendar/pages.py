"""The year's days off, make-up workdays and festivals, and the forms that correct them."""

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from pydantic import ValidationError

from services.messaging.calendar import repository, rules, usecases
from services.messaging.calendar.schemas import DayBody, Place, alarm_about
from services.messaging.calendar.usecases import ImportDays
from shared import clock
from shared.errors import Invalid
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other
from shared.web.validation import field_error

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("calendar:read")]
Writer = Annotated[Caller, requires("calendar:write")]
PAGE = "/messaging/calendar"
WEEKDAYS = "一二三四五六日"


class DayForm(DayBody):
    """The form's fields: the day and its place beside what is noted."""

    day: date
    place: Place = rules.EVERYWHERE


@router.get("/messaging/calendar")
async def calendar(
    request: Request,
    here: Here,
    caller: Reader,
    year: Annotated[int | None, Query(ge=2004, le=2100)] = None,
) -> Response:
    return await _page(request, here, caller, year=year)


@router.post("/messaging/calendar/days")
async def note_day(request: Request, here: Here, caller: Writer) -> Response:
    """Note a day or correct it; the form again with what is wrong."""
    filled = {name: str(value) for name, value in (await request.form()).items()}
    try:
        form = DayForm.model_validate({name: filled[name] for name in DayForm.model_fields if name in filled})
        async with here.database.transaction() as session:
            noted = form.noted(form.day, form.place)
            await usecases.note_day(session, noted, by=caller.subject, now=clock.now())
    except (ValidationError, Invalid) as wrong:
        return await _page(request, here, caller, status=422, errors=_errors_of(wrong), filled=filled)
    return see_other(request, f"{PAGE}?year={form.day.year}", say=f"已登记 {form.day.isoformat()}。")


@router.post("/messaging/calendar/files")
async def import_file(
    request: Request,
    here: Here,
    caller: Writer,
    file: Annotated[UploadFile, File()],
    whole_years: Annotated[bool, Form()] = False,
) -> Response:
    try:
        rows = await asyncio.to_thread(usecases.read_file, file.file)
        async with here.database.transaction() as session:
            command = ImportDays(rows, whole_years, caller.subject)
            noted = await usecases.import_days(session, command, now=clock.now())
    except Invalid as wrong:
        lines = [wrong.message, *(error.detail for error in wrong.errors)]
        return await _page(request, here, caller, status=422, refused=lines)
    return see_other(request, PAGE, say=f"已导入 {len(noted)} 天。")


@router.get("/messaging/calendar/days")
@router.get("/messaging/calendar/files")
async def back_to_calendar(request: Request, _caller: Reader) -> Response:
    return see_other(request, PAGE)


async def _page(
    request: Request,
    here: Runtime,
    caller: Caller,
    *,
    year: int | None = None,
    status: int = 200,
    **values: Any,
) -> Response:
    today = clock.business_date(clock.now())
    async with here.database.reading() as session:
        days = await repository.days_of_year(session, year or today.year, caller.area)
        known = await repository.years(session)
    usual: dict[str, Any] = {"errors": {}, "filled": {}, "refused": []}
    return render(
        request,
        "calendar/calendar.html",
        status=status,
        year=year or today.year,
        days=days,
        alarm=alarm_about(usecases.missing(known, today)),
        weekdays=WEEKDAYS,
        kind_names=rules.KIND_NAMES,
        headings=rules.HEADINGS,
        most_rows=usecases.MOST_ROWS,
        **{**usual, **values},
    )


def _errors_of(wrong: ValidationError | Invalid) -> dict[str, str]:
    """What is wrong with each field of the form."""
    if isinstance(wrong, Invalid):
        return {"place": wrong.message}
    return {str(error["loc"][0]): field_error(error).detail for error in wrong.errors()}
