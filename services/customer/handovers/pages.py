"""The hall manager's page: who waits longest, how each clerk stands, and handing a clerk's customers over."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.customer.directory import repository as directory
from services.customer.handovers import repository, rules, usecases
from services.customer.handovers.errors import ClerkUnknown
from services.customer.handovers.schemas import HandoverCreate
from services.customer.handovers.usecases import HandOver
from services.customer.touches import repository as touches
from services.customer.touches import rules as touch_rules
from services.customer.touches.repository import Filters
from services.customer.touches.rules import State
from shared import clock
from shared.errors import HallError, Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Area, Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("handovers:write")]
LONGEST_WAITING, HALLS = 20, 200
WAITING = frozenset({State.DUE, State.LATE, State.OVERDUE})


@router.get("/customer/halls")
async def halls(request: Request, here: Here, caller: Reader) -> Response:
    """The caller's own hall; for those above the halls all of theirs, the most overdue first."""
    if caller.hall:
        return see_other(request, f"/customer/halls/{caller.hall}")
    async with here.database.reading() as session:
        found = await directory.halls_page(session, caller.area, PageRequest(limit=HALLS), county=None)
        standing = await touches.counts_by(session, caller.area, "hall", clock.business_date(clock.now()))
    ordered = sorted(
        found.items, key=lambda hall: -(standing[hall.code].overdue if hall.code in standing else 0)
    )
    return render(request, "handovers/halls.html", halls=ordered, standing=standing)


@router.get("/customer/halls/{code}")
async def hall_page(request: Request, here: Here, caller: Reader, code: str) -> Response:
    return await _hall(request, here, caller, code)


@router.post("/customer/halls/{code}/handovers")
async def hand_over(request: Request, here: Here, caller: Writer, code: str) -> Response:
    form, now = await request.form(), clock.now()
    try:
        body = HandoverCreate.model_validate(_typed(form))
        giver = str(form.get("from_clerk", ""))
        command = HandOver(
            caller.area, giver, body.to_clerk, body.effective_from, body.reason, caller.subject
        )
        async with here.database.transaction() as session:
            handover = await usecases.hand_over(session, command, now=now)
    except (ClerkUnknown, Invalid, ValidationError) as wrong:
        return await _hall(request, here, caller, code, status=422, filled=form, errors=_errors_of(wrong))
    say = f"已移交 {handover.customers} 位客户和 {handover.follow_ups} 次回访。"
    planned = f"已安排，{handover.effective_from} 生效。"
    return see_other(request, f"/customer/halls/{code}", say=say if handover.status == "done" else planned)


async def _hall(
    request: Request, here: Runtime, caller: Caller, code: str, *, status: int = 200, **values: Any
) -> Response:
    day = clock.business_date(clock.now())
    async with here.database.reading() as session:
        hall = await directory.get_hall(session, code, caller.area)
        area = Area(county=hall.county, hall=hall.code)
        filters, page = Filters(states=WAITING), PageRequest(limit=LONGEST_WAITING)
        waiting = await touches.follow_ups_page(session, area, filters, day, page)
        standing = await touches.counts_by(session, area, "clerk", day)
        names = await directory.clerk_names_of_hall(session, hall.code)
        staff = await directory.clerks_of_hall(session, hall.code, day)
        planned = await repository.planned_for(session, area)
    return render(
        request, "handovers/hall.html", status=status, hall=hall, waiting=waiting.items, more=waiting.next_cursor,
        standing=standing, names=names, today=day, planned=planned, reasons=rules.REASONS, tones=touch_rules.TONES,
        givers=[(code, f"{names.get(code, '')} {code}".strip()) for code in standing],
        takers=[(one.staff_no, f"{one.name} {one.staff_no}") for one in staff],
        in_words=touch_rules.IN_WORDS, steps=tuple(touch_rules.STEPS_IN_WORDS.values()),
        **{"errors": {}, "filled": {}, **values},
    )  # fmt: skip


def _typed(form: FormData) -> dict[str, Any]:
    names = ("to_clerk", "effective_from", "reason")
    return {name: form[name] for name in names if form.get(name)}


def _errors_of(wrong: HallError | ValidationError) -> dict[str, str]:
    """What is wrong with which field; what belongs to none stands above the form."""
    found = findings(wrong)
    by_field = {error.pointer.strip("/"): error.detail for error in found}
    return by_field or {"form": wrong.message if isinstance(wrong, HallError) else "请按提示修改。"}
