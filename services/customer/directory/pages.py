"""The organisation for those who keep it: counties, halls and clerks, with moves, history and closing."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from services.customer.directory import repository, rules, usecases
from services.customer.directory.models import Hall
from services.customer.directory.schemas import (
    ClerkChange,
    ClerkCreate,
    CountyChange,
    CountyCreate,
    HallChange,
    HallCreate,
)
from shared import clock
from shared.errors import Conflict, Invalid, PreconditionFailed
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.etags import ExpectedVersion, etag
from shared.web.forms import findings, render_form, typed
from shared.web.navigation import ROLE_NAMES
from shared.web.pages import see_other

router = APIRouter(include_in_schema=False)

Writer = Annotated[Caller, requires("directory:write")]
Cursor = Annotated[str | None, Query(max_length=2000)]
Words = Annotated[str, Query(max_length=20)]
ADMIN = "/customer/admin"
LISTED, REMEMBERED = 100, 200
DAYS = {
    "mon": "周一",
    "tue": "周二",
    "wed": "周三",
    "thu": "周四",
    "fri": "周五",
    "sat": "周六",
    "sun": "周日",
}
STAFF_ROLES = ("clerk", "hall_manager", "county_manager", "regional_office", "auditor", "admin")
ROLE_CHOICES = [(role, ROLE_NAMES[role]) for role in STAFF_ROLES]
HALL_FIELDS = (
    "code", "county", "name", "registered_name", "number", "sms_from", "sms_until", "busy_from_day", "busy_to_day",
    "effective_from", "effective_to",
)  # fmt: skip
CLERK_FIELDS = ("staff_no", "name", "role", "hall", "county", "effective_from", "effective_to", "moved_on")
LABELS = {
    "name": "名称", "registered_name": "全称", "number": "对外号码", "opening": "营业时间", "sms_from": "短信最早",
    "sms_until": "短信最晚", "busy_from_day": "忙时开始日", "busy_to_day": "忙时结束日", "effective_from": "开业日期",
    "effective_to": "关闭日期",
}  # fmt: skip
Wrong = (Invalid, Conflict, ValidationError, PreconditionFailed)


@router.get("/customer/admin/counties")
async def counties(request: Request, here: Here, caller: Writer) -> Response:
    return await _counties(request, here, caller)


@router.post("/customer/admin/counties")
async def found_county(request: Request, here: Here, caller: Writer) -> Response:
    form = await request.form()
    try:
        body = CountyCreate.model_validate(_given(form, "code", "name"))
        async with here.database.transaction() as session:
            command = usecases.FoundCounty(caller.area, body.code, body.name)
            await usecases.found_county(session, command, now=clock.now())
    except Wrong as wrong:
        return await _counties(
            request, here, caller, status=422, filled=typed(form), errors=_errors_of(wrong)
        )
    return see_other(request, f"{ADMIN}/counties", say="已新建区县。")


@router.get("/customer/admin/counties/{code}")
async def back_to_counties(request: Request, _caller: Writer, code: str) -> Response:
    return see_other(request, f"{ADMIN}/counties")


@router.post("/customer/admin/counties/{code}")
async def change_county(request: Request, here: Here, caller: Writer, code: str) -> Response:
    form = await request.form()
    try:
        body = CountyChange.model_validate(_given(form, "name"))
        command = usecases.ChangeCounty(caller.area, code, body.model_dump(exclude_unset=True))
        async with here.database.transaction() as session:
            await usecases.change_county(session, command, unless_stale=_seen(form), now=clock.now())
    except Wrong as wrong:
        return await _counties(request, here, caller, status=422, errors=_errors_of(wrong))
    return see_other(request, f"{ADMIN}/counties", say="已保存，所属营业厅会一并更新。")


@router.get("/customer/admin/halls")
async def halls(
    request: Request, here: Here, caller: Writer, county: Words = "", cursor: Cursor = None
) -> Response:
    return await _halls(request, here, caller, county=county, cursor=cursor)


@router.post("/customer/admin/halls")
async def open_hall(request: Request, here: Here, caller: Writer) -> Response:
    form = await request.form()
    try:
        body = HallCreate.model_validate(_given(form, *HALL_FIELDS))
        command = usecases.OpenHall(caller.area, body.code, body.county, body.facts())
        async with here.database.transaction() as session:
            hall = await usecases.open_hall(session, command, now=clock.now())
    except Wrong as wrong:
        return await _halls(request, here, caller, status=422, filled=typed(form), errors=_errors_of(wrong))
    return see_other(request, f"{ADMIN}/halls/{hall.code}", say="已新建营业厅。")


@router.get("/customer/admin/halls/{code}")
async def hall(request: Request, here: Here, caller: Writer, code: str) -> Response:
    return await _hall(request, here, caller, code)


@router.post("/customer/admin/halls/{code}")
async def change_hall(request: Request, here: Here, caller: Writer, code: str) -> Response:
    """All of the hall at once; an empty last day means it stays open."""
    form = await request.form()
    try:
        given = {
            name: value
            for name, value in _given(form, *HALL_FIELDS).items()
            if name not in {"code", "county"}
        }
        body = HallChange.model_validate({"effective_to": None, **given, "opening": _opening_of(form)})
        command = usecases.ChangeHall(
            caller.area, code, body.model_dump(exclude_unset=True), by=caller.subject
        )
        async with here.database.transaction() as session:
            await usecases.change_hall(session, command, unless_stale=_seen(form), now=clock.now())
    except Wrong as wrong:
        return await _hall(
            request, here, caller, code, status=422, filled=typed(form), errors=_errors_of(wrong)
        )
    return see_other(request, f"{ADMIN}/halls/{code}", say="已保存。")


@router.get("/customer/admin/clerks")
async def clerks(
    request: Request, here: Here, caller: Writer, hall: Words = "", cursor: Cursor = None
) -> Response:
    return await _clerks(request, here, caller, hall=hall, cursor=cursor)


@router.post("/customer/admin/clerks")
async def appoint_clerk(request: Request, here: Here, caller: Writer) -> Response:
    form = await request.form()
    try:
        body = ClerkCreate.model_validate(_given(form, *CLERK_FIELDS[:-1]))
        command = usecases.AppointClerk(area=caller.area, by=caller.subject, **body.model_dump())
        async with here.database.transaction() as session:
            clerk = await usecases.appoint_clerk(session, command, now=clock.now())
    except Wrong as wrong:
        return await _clerks(request, here, caller, status=422, filled=typed(form), errors=_errors_of(wrong))
    return see_other(request, f"{ADMIN}/clerks/{clerk.staff_no}", say="已登记。")


@router.get("/customer/admin/clerks/{staff_no}")
async def clerk(request: Request, here: Here, caller: Writer, staff_no: str) -> Response:
    return await _clerk(request, here, caller, staff_no)


@router.post("/customer/admin/clerks/{staff_no}")
async def change_clerk(request: Request, here: Here, caller: Writer, staff_no: str) -> Response:
    """Name and last day, or with a first day in it another post."""
    form = await request.form()
    try:
        body = ClerkChange.model_validate(_clerk_changes(form))
        command = usecases.ChangeClerk(
            caller.area, staff_no, body.changes(), by=caller.subject, moved_on=body.moved_on
        )
        async with here.database.transaction() as session:
            await usecases.change_clerk(session, command, unless_stale=_seen(form), now=clock.now())
    except Wrong as wrong:
        return await _clerk(
            request, here, caller, staff_no, status=422, filled=typed(form), errors=_errors_of(wrong)
        )
    return see_other(request, f"{ADMIN}/clerks/{staff_no}", say="已保存。")


async def _counties(
    request: Request, here: Runtime, caller: Caller, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        found = await repository.counties_page(session, caller.area, PageRequest(limit=LISTED))
    return render_form(request, "directory/counties.html", status, values, counties=found.items)


async def _halls(
    request: Request, here: Runtime, caller: Caller, *, status: int = 200, county: str = "",
    cursor: str | None = None, **values: Any,
) -> Response:  # fmt: skip
    async with here.database.reading() as session:
        counties = await _county_names(session, caller)
        page = PageRequest(limit=LISTED, cursor=cursor)
        found = await repository.halls_page(session, caller.area, page, county=county or None)
    return render_form(
        request, "directory/halls.html", status, values, halls=found.items, next_cursor=found.next_cursor,
        counties=counties, county=county, today=_today(),
    )  # fmt: skip


async def _hall(
    request: Request, here: Runtime, caller: Caller, code: str, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        found = await repository.get_hall(session, code, caller.area)
        county = await repository.get_county(session, found.county)
        posts = await repository.posts_at_hall(session, found.code, REMEMBERED)
        changes = await repository.hall_changes(session, found.code, REMEMBERED)
    shown = {**found.model_dump(), **{f"opening_{day}": text for day, text in _hours(found).items()}}
    values["filled"] = {**shown, **values.get("filled", {})}
    return render_form(
        request, "directory/hall.html", status, values, hall=found, county=county, posts=posts,
        changes=changes, days=DAYS, labels=LABELS,
    )  # fmt: skip


async def _clerks(
    request: Request, here: Runtime, caller: Caller, *, status: int = 200, hall: str = "",
    cursor: str | None = None, **values: Any,
) -> Response:  # fmt: skip
    async with here.database.reading() as session:
        page = PageRequest(limit=LISTED, cursor=cursor)
        found = await repository.clerks_page(session, caller.area, page, hall=hall or None)
        counties = await _county_names(session, caller)
    return render_form(
        request, "directory/clerks.html", status, values, clerks=found.items, next_cursor=found.next_cursor,
        hall=hall, roles=ROLE_CHOICES, today=_today(), counties=counties,
    )  # fmt: skip


async def _clerk(
    request: Request, here: Runtime, caller: Caller, staff_no: str, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        found = await repository.get_clerk(session, staff_no, caller.area)
        posts = await repository.posts_of(session, found.staff_no)
        counties = await _county_names(session, caller)
    values["filled"] = {**found.model_dump(), "moved_on": "", **values.get("filled", {})}
    return render_form(
        request, "directory/clerk.html", status, values, clerk=found, posts=posts, roles=ROLE_CHOICES,
        today=_today(), counties=counties,
    )  # fmt: skip


async def _county_names(session: AsyncSession, caller: Caller) -> dict[str, str]:
    found = await repository.counties_page(session, caller.area, PageRequest(limit=LISTED))
    return {entry.code: entry.name for entry in found.items}


def _clerk_changes(form: FormData) -> dict[str, Any]:
    """The part of the form that was sent: facts, or a move with the place that the role needs."""
    if "moved_on" not in form:
        return {"effective_to": None, **_given(form, "name", "effective_to")}
    return _given(form, "role", "hall", "county", "moved_on")


def _opening_of(form: FormData) -> dict[str, list[list[str]]]:
    """ "09:00-12:00 14:00-18:00" of each day; empty is closed."""
    return {
        day: [span.split("-", 1) for span in str(form.get(f"opening_{day}", "")).replace("，", " ").split()]
        for day in rules.WEEKDAYS
    }


def _hours(found: Hall) -> dict[str, str]:
    return {day: " ".join("-".join(span) for span in found.opening.get(day, ())) for day in rules.WEEKDAYS}


def _seen(form: FormData) -> Any:
    """The version that the page showed has to be the present one still."""
    return ExpectedVersion(frozenset({etag(str(form.get("version", "")))})).check


def _given(form: FormData, *names: str) -> dict[str, Any]:
    """What was filled in: an empty field is one that was left out."""
    return {name: str(form[name]).strip() for name in names if str(form.get(name, "")).strip()}


def _errors_of(wrong: Exception) -> dict[str, str]:
    """By field; what belongs to none stands above the form."""
    named = {_field(e.pointer): "请填写。" if e.code == "missing" else e.detail for e in findings(wrong)}
    return named or {"form": getattr(wrong, "message", "")}


def _field(pointer: str) -> str:
    """/opening/mon/0 → opening_mon."""
    first, *rest = pointer.strip("/").split("/")
    return f"{first}_{rest[0]}" if first == "opening" and rest else first


def _today() -> Any:
    return clock.business_date(clock.now())
