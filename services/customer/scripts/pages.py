"""Scripts where a clerk needs them, on the workbench and the card; and the library where managers keep them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from services.customer.archive import repository as archive
from services.customer.directory import repository as directory
from services.customer.directory import rules as days
from services.customer.directory.models import Hall
from services.customer.scripts import repository, rules, usecases
from services.customer.scripts.errors import ScriptInvalid
from services.customer.scripts.models import Script
from services.customer.scripts.repository import Filters
from services.customer.scripts.schemas import ScriptChange, ScriptCreate, StatRead, UseCreate
from services.customer.scripts.usecases import ApproveScript, ChangeScript, UseScript, WriteScript
from shared import clock
from shared.errors import Invalid
from shared.pagination import Page, PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.etags import ExpectedVersion, etag
from shared.web.forms import findings, month_span, typed
from shared.web.navigation import ROLE_NAMES
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("scripts:read")]
User = Annotated[Caller, requires("scripts:use")]
Writer = Annotated[Caller, requires("scripts:write")]
Approver = Annotated[Caller, requires("scripts:approve")]
Words = Annotated[str, Query(max_length=60)]
SCRIPTS, LIBRARY = "/customer/scripts", "/customer/scripts/library"
SHOWN, LISTED, COUNTED = 12, 100, 300
NAMES: dict[str, Any] = {
    "audiences": rules.AUDIENCES, "moments": rules.MOMENTS, "states": rules.STATES, "outcomes": rules.OUTCOMES,
}  # fmt: skip


def _known_as(who: str | None) -> str:
    """Staff as their number; what the house did from the start in words."""
    return {"system": "系统", None: "—"}.get(who) or ROLE_NAMES.get(who or "", who or "")


NAMES["known_as"] = _known_as
TONES = {"draft": "warn", "approved": "good", "retired": "plain"}


@router.get("/customer/scripts")
async def scripts(
    request: Request, here: Here, caller: Reader, q: Words = "", moment: Words = "", audience: Words = ""
) -> Response:
    async with here.database.reading() as session:
        hall = await directory.get_hall(session, caller.hall) if caller.hall else None
        values = _said_by(caller, hall)
        found = await _found(session, q, moment or "greeting", audience)
    return _show(request, SCRIPTS, found, values, q=q, moment=moment or "greeting", audience=audience)


@router.get("/customer/customers/{customer_id}/scripts")
async def scripts_for_customer(
    request: Request, here: Here, caller: Reader, customer_id: UUID, q: Words = "", moment: Words = "",
    audience: Words = "",
) -> Response:  # fmt: skip
    """What fits this customer: as who they came last, and whether the hall has time today."""
    async with here.database.reading() as session:
        customer = await archive.get_customer(session, customer_id, caller.area)
        hall = await directory.get_hall(session, customer.hall)
        tickets = await archive.tickets_of(session, customer_id)
        audience = audience or rules.audience_of(ticket.kind for ticket in tickets)
        moment = moment or _moment_today(hall)
        found = await _found(session, q, moment, audience)
    values = {**_said_by(caller, hall), "customer": customer.name}
    url = f"/customer/customers/{customer_id}/scripts"
    return _show(request, url, found, values, q=q, moment=moment, audience=audience, customer_id=customer_id)


@router.get("/customer/scripts/{script_id}/uses")
async def back_to_scripts(request: Request, _caller: Reader, script_id: UUID) -> Response:
    return see_other(request, SCRIPTS)


@router.post("/customer/scripts/{script_id}/uses")
async def use_script(request: Request, here: Here, caller: User, script_id: UUID) -> Response:
    """The button below the words; htmx puts the thanks in its place."""
    form = await request.form()
    body = UseCreate.model_validate(_given(form, "script_version", "customer_id", "outcome"))
    command = UseScript(
        caller.area, script_id, body.script_version, caller.subject, body.customer_id, body.outcome
    )
    async with here.database.transaction() as session:
        await usecases.use_script(session, command, now=clock.now())
    if wants_part(request):
        return render(request, "scripts/used.html", outcome=body.outcome, **NAMES)
    back = f"/customer/customers/{body.customer_id}/scripts" if body.customer_id else SCRIPTS
    return see_other(request, back, say="已记下这次使用。")


@router.get("/customer/scripts/library")
async def library(
    request: Request, here: Here, caller: Writer, q: Words = "", moment: Words = "", state: Words = "any"
) -> Response:
    filters = Filters(_today(), moment=moment or None, state=state)
    async with here.database.reading() as session:
        found = await _listed(session, q, filters, LISTED)
    return render(
        request, "scripts/library.html", scripts=found.items, more=found.next_cursor is not None, q=q,
        moment=moment, state=state, tones=TONES, **NAMES,
    )  # fmt: skip


@router.get("/customer/scripts/library/new")
async def new_script(request: Request, _caller: Writer) -> Response:
    return _form(request, None, {"audience": "all", "category": "通用"}, {})


@router.post("/customer/scripts/library")
async def write_script(request: Request, here: Here, caller: Writer) -> Response:
    form = await request.form()
    try:
        body = ScriptCreate.model_validate(
            _given(form, "audience", "moment", "category", "title", "text", "valid_from", "valid_to")
        )
        async with here.database.transaction() as session:
            command = WriteScript(body.facts(), author=caller.subject)
            script = await usecases.write_script(session, command, now=clock.now())
    except (ScriptInvalid, ValidationError) as wrong:
        return _form(request, None, typed(form), _errors_of(wrong), status=422)
    return see_other(request, f"{LIBRARY}/{script.id}", say="已保存为草稿，请另一位同事审批。")


@router.get("/customer/scripts/library/{script_id}")
async def script_page(request: Request, here: Here, caller: Writer, script_id: UUID) -> Response:
    return await _script_page(request, here, caller, script_id)


@router.post("/customer/scripts/library/{script_id}")
async def change_script(request: Request, here: Here, caller: Writer, script_id: UUID) -> Response:
    form = await request.form()
    try:
        body = ScriptChange.model_validate(
            _given(form, "category", "title", "text", "valid_from", "valid_to")
        )
        changes = {"valid_to": None, **body.changes()}
        command = ChangeScript(script_id, changes, author=caller.subject)
        seen = ExpectedVersion(frozenset({etag(str(form.get("tag", "")))}))
        async with here.database.transaction() as session:
            await usecases.change_script(session, command, unless_stale=seen.check, now=clock.now())
    except (ScriptInvalid, ValidationError) as wrong:
        return await _script_page(
            request, here, caller, script_id, status=422, filled=typed(form), errors=_errors_of(wrong)
        )
    return see_other(request, f"{LIBRARY}/{script_id}", say="已保存为草稿，审批后生效；在用的版本不受影响。")


@router.get("/customer/scripts/library/{script_id}/approval")
@router.get("/customer/scripts/library/{script_id}/retirement")
async def back_to_script(request: Request, _caller: Writer, script_id: UUID) -> Response:
    return see_other(request, f"{LIBRARY}/{script_id}")


@router.post("/customer/scripts/library/{script_id}/approval")
async def approve_script(
    request: Request, here: Here, caller: Approver, script_id: UUID, script_version: Annotated[int, Form()]
) -> Response:
    command = ApproveScript(script_id, script_version, by=caller.subject)
    async with here.database.transaction() as session:
        await usecases.approve_script(session, command, now=clock.now())
    return see_other(request, f"{LIBRARY}/{script_id}", say="已审批，开始使用。")


@router.post("/customer/scripts/library/{script_id}/retirement")
async def retire_script(request: Request, here: Here, _caller: Approver, script_id: UUID) -> Response:
    async with here.database.transaction() as session:
        await usecases.retire_script(session, script_id, now=clock.now())
    return see_other(request, f"{LIBRARY}/{script_id}", say="已停用。")


@router.get("/customer/scripts/stats")
async def stats(
    request: Request, here: Here, caller: Writer, month: Words = "", by: Words = "version"
) -> Response:
    since, until = month_span(month)
    async with here.database.reading() as session:
        rows = await repository.uses_by(session, caller.area, by, since=since, until=until, limit=COUNTED)
    return render(
        request, "scripts/stats.html", rows=[StatRead.of(row) for row in rows], month=month, by=by, **NAMES
    )


def _show(
    request: Request, url: str, found: Page[Script], values: Mapping[str, str], *,
    customer_id: UUID | None = None, **asked: Any,
) -> Response:  # fmt: skip
    """The whole page, or for htmx the part that a panel holds."""
    part = wants_part(request)
    words = [(script, rules.filled(script.text, values)) for script in found.items]
    return render(
        request, "scripts/part.html" if part else "scripts/scripts.html", url=url, scripts=words,
        customer_id=customer_id, **asked, **NAMES,
    )  # fmt: skip


async def _found(session: AsyncSession, q: str, moment: str, audience: str) -> Page[Script]:
    """With words to look for the moment does not matter."""
    filters = Filters(_today(), audience or None, None if q.strip() else moment)
    return await _listed(session, q, filters, SHOWN)


async def _listed(session: AsyncSession, q: str, filters: Filters, limit: int) -> Page[Script]:
    page = PageRequest(limit=limit)
    if q.strip():
        return await repository.scripts_about(session, q, filters, page)
    return await repository.scripts_page(session, filters, page)


async def _script_page(
    request: Request, here: Runtime, caller: Caller, script_id: UUID, *, status: int = 200,
    filled: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    async with here.database.reading() as session:
        versions = await repository.versions_of(session, script_id)
    values = filled or versions[0].model_dump()
    return _form(request, versions, values, errors or {}, status=status)


def _form(
    request: Request,
    versions: Any,
    filled: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    status: int = 200,
) -> Response:
    return render(
        request, "scripts/script.html", status=status, versions=versions, filled={**_EMPTY, **filled},
        errors=errors, placeholders=rules.PLACEHOLDERS, tones=TONES, **NAMES,
    )  # fmt: skip


def _said_by(caller: Caller, hall: Hall | None) -> dict[str, str]:
    """What the house knows to put into the words."""
    plate = {"hall": hall.registered_name, "number": hall.number} if hall else {}
    return {"clerk": caller.display, **plate}


def _moment_today(hall: Hall) -> str:
    busy = days.is_busy(_today(), hall.busy_from_day, hall.busy_to_day)
    return "recommending_busy" if busy else "recommending_idle"


def _today() -> Any:
    return clock.business_date(clock.now())


def _given(form: FormData, *names: str) -> dict[str, str]:
    """What was filled in: an empty field is one that was left out."""
    return {name: str(form[name]) for name in names if str(form.get(name, "")).strip()}


def _errors_of(wrong: Invalid | ValidationError) -> dict[str, str]:
    found = findings(wrong)
    return {
        error.pointer.strip("/"): "请填写。" if error.code == "missing" else error.detail for error in found
    }


_EMPTY: dict[str, Any] = dict.fromkeys(
    ("audience", "moment", "category", "title", "text", "valid_from", "valid_to"), ""
)
