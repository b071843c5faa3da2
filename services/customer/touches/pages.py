"""The day's strip of the workbench, the list of follow-ups with its one form, and the contacts on a customer's card."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.customer.archive import repository as archive_records
from services.customer.directory import repository as directory
from services.customer.tiers import repository as tiers
from services.customer.touches import repository, rules, usecases
from services.customer.touches.errors import FollowUpClosed, TouchExists
from services.customer.touches.models import TouchKind
from services.customer.touches.repository import Filters
from services.customer.touches.rules import State
from services.customer.touches.schemas import CompletionCreate, TouchCreate
from services.customer.touches.usecases import CompleteFollowUp, LogTouch
from shared import clock
from shared.errors import FieldError, HallError, Invalid
from shared.pagination import CursorInvalid, PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("touches:write")]
Words = Annotated[str, Query(max_length=2000)]
LIST = "/customer/follow-ups"
SHOWN, LAST_TOUCHES, QUIET_DAYS, WEEK = 50, 8, 60, 7
TODO = frozenset({State.DUE, State.LATE, State.OVERDUE})
VIEWS: Mapping[str, tuple[str, Filters]] = {
    "todo": ("待回访", Filters(states=TODO, within=WEEK)),
    "overdue": ("已逾期", Filters(states=frozenset({State.OVERDUE}), within=WEEK)),
    "week": ("七天内到期", Filters(states=frozenset({State.UPCOMING}), within=WEEK)),
    "quiet": (f"{QUIET_DAYS} 天未联系", Filters(quiet_days=QUIET_DAYS, within=WEEK)),
}
NAMES: dict[str, Any] = {"in_words": rules.IN_WORDS, "tones": rules.TONES, "steps": rules.STEPS_IN_WORDS}


@router.get("/customer/follow-ups/today")
async def today(request: Request, here: Here, caller: Reader) -> Response:
    """What is to be done today, in figures; a panel of the workbench."""
    day, mine = clock.business_date(clock.now()), _own(caller)
    async with here.database.reading() as session:
        counts = await repository.counts(session, caller.area, Filters(clerk=mine, within=WEEK), day)
        quiet = await repository.quiet_count(
            session, caller.area, Filters(clerk=mine, quiet_days=QUIET_DAYS), day
        )
    part = wants_part(request)
    template = "touches/today.html" if part else "touches/today_page.html"
    return render(request, template, counts=counts, quiet=quiet, quiet_days=QUIET_DAYS, mine=mine)


@router.get("/customer/follow-ups")
async def follow_ups(
    request: Request, here: Here, caller: Reader, view: Words = "todo", clerk: Words = "", cursor: Words = ""
) -> Response:
    return await _list(request, here, caller, view=view, clerk=clerk, cursor=cursor)


@router.post("/customer/follow-ups")
async def complete(request: Request, here: Here, caller: Writer) -> Response:
    """The one form below the list: which customer, how, and what was said."""
    form, now = await request.form(), clock.now()
    view, clerk = str(form.get("view", "todo")), str(form.get("clerk", ""))
    back = f"{LIST}?{urlencode({'view': view, 'clerk': clerk})}"
    try:
        body = CompletionCreate.model_validate(_typed(form))
        command = CompleteFollowUp(
            caller.area, _chosen(form), body.kind, caller.subject, now, caller.subject, body.note
        )
        async with here.database.transaction() as session:
            logged = await usecases.complete_follow_up(session, command, now=now)
    except (FollowUpClosed, TouchExists) as late:
        return see_other(request, back, say=late.message, tone="warn")
    except (Invalid, ValidationError) as wrong:
        return await _list(
            request, here, caller, view=view, clerk=clerk, status=422, filled=form, errors=_errors_of(wrong)
        )
    following = f"下次回访 {logged.open.due_on}。" if logged.open else ""
    return see_other(request, back, say=f"已登记，{following}")


@router.get("/customer/customers/{customer_id}/touches")
async def of_customer(request: Request, here: Here, caller: Reader, customer_id: UUID) -> Response:
    """What a customer is owed and what contacts there were; a panel of the card."""
    return await _panel(request, here, caller, customer_id)


@router.post("/customer/customers/{customer_id}/touches")
async def log_touch(request: Request, here: Here, caller: Writer, customer_id: UUID) -> Response:
    form, now = await request.form(), clock.now()
    back = f"/customer/customers/{customer_id}"
    try:
        body = TouchCreate.model_validate(_typed(form))
        command = LogTouch(
            caller.area, customer_id, body.kind, caller.subject, now, caller.subject, body.note
        )
        async with here.database.transaction() as session:
            await usecases.log_touch(session, command, now=now)
    except TouchExists as again:
        return see_other(request, back, say=again.message, tone="warn")
    except (Invalid, ValidationError) as wrong:
        return await _panel(
            request, here, caller, customer_id, status=422, filled=form, errors=_errors_of(wrong)
        )
    return see_other(request, back, say="已登记接触。")


async def _list(
    request: Request,
    here: Runtime,
    caller: Caller,
    *,
    view: str,
    clerk: str,
    cursor: str = "",
    status: int = 200,
    **values: Any,
) -> Response:
    view = view if view in VIEWS else "todo"
    who, day = _own(caller) or clerk or None, clock.business_date(clock.now())
    filters = _narrowed(VIEWS[view][1], who)
    async with here.database.reading() as session:
        try:
            page = PageRequest(limit=SHOWN, cursor=cursor or None)
            found = await repository.follow_ups_page(session, caller.area, filters, day, page)
        except CursorInvalid:
            return see_other(request, LIST)
        counts = await repository.counts(session, caller.area, Filters(clerk=who, within=WEEK), day)
        quiet = await repository.quiet_count(
            session, caller.area, Filters(clerk=who, quiet_days=QUIET_DAYS), day
        )
        kinds = [kind for kind in await repository.kinds(session) if kind.qualifying]
        names = await directory.clerk_names_of_hall(session, caller.hall) if caller.hall else {}
    figures = {"todo": counts.due + counts.late + counts.overdue, "overdue": counts.overdue}
    following = {"view": view, "clerk": clerk, "cursor": found.next_cursor}
    return render(
        request, "touches/list.html", status=status, owed=found.items, view=view, today=day, kinds=_pairs(kinds),
        views={name: title for name, (title, _) in VIEWS.items()}, clerk=clerk, clerks=names,
        figures={**figures, "week": counts.upcoming, "quiet": quiet}, chooses_clerk=_own(caller) is None,
        next_url=f"{LIST}?{urlencode(following)}" if found.next_cursor else None,
        **NAMES, **{"errors": {}, "filled": {}, **values},
    )  # fmt: skip


async def _panel(
    request: Request, here: Runtime, caller: Caller, customer_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    day = clock.business_date(clock.now())
    async with here.database.reading() as session:
        customer = await archive_records.get_customer(session, customer_id, caller.area)
        follow_up = await repository.open_follow_up_of(session, customer.id)
        touches = await repository.touches_page(session, customer.id, PageRequest(limit=LAST_TOUCHES))
        kinds = await repository.kinds(session)
        strategy = (await tiers.strategies(session))[customer.tier]
        clerks = await directory.clerk_names_of_hall(session, customer.hall)
    part = wants_part(request)
    return render(
        request, "touches/part.html" if part else "touches/customer.html", status=status, customer=customer,
        follow_up=follow_up, state=follow_up.state_on(day) if follow_up else None, touches=touches.items, today=day,
        kinds=_pairs(kinds), kind_names=dict(_pairs(kinds)), strategy=strategy, clerks=clerks,
        **NAMES, **{"errors": {}, "filled": {}, **values},
    )  # fmt: skip


def _narrowed(filters: Filters, clerk: str | None) -> Filters:
    return Filters(filters.states, filters.within, clerk=clerk, quiet_days=filters.quiet_days)


def _own(caller: Caller) -> str | None:
    """A clerk's list is their own; whoever leads sees everybody's."""
    return caller.subject if caller.role == "clerk" else None


def _pairs(kinds: Any) -> list[tuple[str, str]]:
    chosen: list[TouchKind] = list(kinds)
    return [(kind.code, kind.label) for kind in chosen]


def _typed(form: FormData) -> dict[str, Any]:
    note = str(form.get("touch_note", "")).strip()
    return {"kind": form.get("touch_kind", ""), **({"note": note} if note else {})}


def _chosen(form: FormData) -> UUID:
    try:
        return UUID(str(form.get("follow_up_id", "")))
    except ValueError:
        missing = FieldError("/follow_up_id", "missing", "请先选择一位客户。")
        raise Invalid(errors=[missing]) from None


def _errors_of(wrong: HallError | ValidationError) -> dict[str, str]:
    """What is wrong with which field; what belongs to none stands above the form."""
    found = findings(wrong)
    fields = {"/kind": "touch_kind", "/note": "touch_note", "/follow_up_id": "follow_up_id"}
    by_field = {fields.get(error.pointer, "form"): error.detail for error in found}
    return by_field or {"form": wrong.message if isinstance(wrong, HallError) else "请按提示修改。"}
