"""The suppression list as a page: who is on it and why, put on and taken off with a reason."""

from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import ValidationError

from services.messaging.audience.errors import CustomerNotFound
from services.messaging.suppression import repository, usecases
from services.messaging.suppression.errors import OptOutStands, SuppressionLifted
from services.messaging.suppression.models import DO_NOT_CONTACT, NUMBER_DEAD, OPTED_OUT, REASONS
from services.messaging.suppression.schemas import SuppressionCreate, SuppressionLift
from services.messaging.suppression.usecases import AddSuppression
from shared import clock
from shared.pagination import PageRequest
from shared.phones import InvalidPhone
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("messages:read")]
Writer = Annotated[Caller, requires("suppressions:write")]
PAGE, NUMBERS, SHOWN = "/messaging/suppressions", "/messaging/numbers", 50
NAMES = {OPTED_OUT: "客户退订", NUMBER_DEAD: "号码已失效", DO_NOT_CONTACT: "不再联系"}


@router.get("/messaging/suppressions")
async def suppressions(
    request: Request,
    here: Here,
    caller: Reader,
    reason: Annotated[str | None, Query(max_length=20)] = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    return await _page(request, here, caller, reason=reason, cursor=cursor)


@router.post("/messaging/suppressions")
async def add(request: Request, here: Here, caller: Writer) -> Response:
    """The number is sealed here and never shown again."""
    filled = {name: str(value) for name, value in (await request.form()).items() if name != "csrf_token"}
    try:
        body = SuppressionCreate.model_validate(
            {n: v for n, v in filled.items() if n in ("phone", "reason", "note")}
        )
        phone = here.phones.seal(body.phone or "")
        command = AddSuppression(caller.area, caller.subject, body.reason, body.note, phone=phone)
        async with here.database.transaction() as session:
            await usecases.add_suppression(session, command, now=clock.now())
    except (ValidationError, InvalidPhone, CustomerNotFound) as wrong:
        return await _page(request, here, caller, status=422, filled=filled, errors=_errors_of(wrong))
    return see_other(request, PAGE, say="已加入禁发名单，立即生效。")


@router.get("/messaging/suppressions/{suppression_id}/lift")
async def back_to_list(request: Request, _caller: Reader, suppression_id: UUID) -> Response:
    return see_other(request, PAGE)


@router.post("/messaging/suppressions/{suppression_id}/lift")
async def lift(
    request: Request, here: Here, caller: Writer, suppression_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    try:
        because = SuppressionLift(reason=reason).reason
        async with here.database.transaction() as session:
            await usecases.lift_suppression(
                session, suppression_id, caller.area, caller.subject, because, now=clock.now()
            )
    except ValidationError:
        return see_other(request, PAGE, say="解除要写明原因（2 至 200 字）。", tone="bad")
    except (OptOutStands, SuppressionLifted) as wrong:
        return see_other(request, PAGE, say=wrong.message, tone="bad")
    return see_other(request, PAGE, say="已解除。")


@router.get("/messaging/numbers")
async def number_tasks(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    """Customers whom nothing reaches any more: a clerk sees their own, others those of their area."""
    mine = caller.subject if caller.role == "clerk" else None
    async with here.database.reading() as session:
        page = PageRequest(SHOWN, cursor)
        found = await repository.number_tasks_page(session, caller.area, page, clerk=mine)
    return render(
        request, "suppression/numbers.html", entries=found.items, may_write=caller.may("messages:write"),
        next_url=f"{NUMBERS}?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip


@router.get("/messaging/numbers/{suppression_id}/confirmation")
async def back_to_tasks(request: Request, _caller: Reader, suppression_id: UUID) -> Response:
    return see_other(request, NUMBERS)


@router.post("/messaging/numbers/{suppression_id}/confirmation")
async def confirm_number(
    request: Request,
    here: Here,
    caller: Annotated[Caller, requires("messages:write")],
    suppression_id: UUID,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """The number is right after all: it is written to again."""
    try:
        because = SuppressionLift(reason=reason).reason
        async with here.database.transaction() as session:
            await usecases.confirm_number(
                session, suppression_id, caller.area, caller.subject, because, now=clock.now()
            )
    except ValidationError:
        return see_other(request, NUMBERS, say="请写明怎么核实的（2 至 200 字）。", tone="bad")
    except SuppressionLifted as wrong:
        return see_other(request, NUMBERS, say=wrong.message, tone="warn")
    return see_other(request, NUMBERS, say="已核实，恢复发送。")


async def _page(
    request: Request, here: Runtime, caller: Caller, *, status: int = 200, reason: str | None = None,
    cursor: str | None = None, **values: Any,
) -> Response:  # fmt: skip
    wanted = reason if reason in REASONS else None
    async with here.database.reading() as session:
        page = PageRequest(SHOWN, cursor)
        found = await repository.suppressions_page(session, caller.area, page, reason=wanted)
    following = f"{PAGE}?cursor={found.next_cursor}" + (f"&reason={wanted}" if wanted else "")
    usual: dict[str, Any] = {"filled": defaultdict(str), "errors": defaultdict(str)}
    return render(
        request, "suppression/suppressions.html", status=status, entries=found.items, names=NAMES, wanted=wanted,
        may_write=caller.may("suppressions:write"), opted_out=OPTED_OUT,
        next_url=following if found.next_cursor else None, **{**usual, **values},
    )  # fmt: skip


def _errors_of(wrong: ValidationError | InvalidPhone | CustomerNotFound) -> dict[str, str]:
    if not isinstance(wrong, ValidationError):
        return defaultdict(str, phone=wrong.message)
    found = findings(wrong)
    return defaultdict(str, {error.pointer.strip("/"): error.detail for error in found})
