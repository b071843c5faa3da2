"""Replies that wait for a person: find whose words they are, or put them aside."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from services.messaging.audience import repository as audience
from services.messaging.audience.errors import CustomerNotFound
from services.messaging.inbound import repository, usecases
from services.messaging.inbound.errors import ReplySettled
from services.messaging.inbound.usecases import SettleReply
from shared import clock
from shared.pagination import PageRequest
from shared.phones import InvalidPhone
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("messages:read")]
Writer = Annotated[Caller, requires("messages:write")]
PAGE, SHOWN = "/messaging/replies", 30
NO_REASON = "请写明原因（2 至 200 字）。"


@router.get("/messaging/replies")
async def replies(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    return await _page(request, here, caller, cursor=cursor)


@router.get("/messaging/replies/{reply_id}/{_act}")
async def back_to_replies(request: Request, _caller: Reader, reply_id: UUID, _act: str) -> Response:
    return see_other(request, PAGE)


@router.post("/messaging/replies/{reply_id}/match")
async def match(
    request: Request, here: Here, caller: Writer, reply_id: UUID, phone: Annotated[str, Form()] = ""
) -> Response:
    """By the number under which the customer is archived; it is only ever posted."""
    try:
        index = here.phones.index(phone)
        async with here.database.transaction() as session:
            customer = await audience.get_customer_of_phone(session, index, caller.area)
            command = SettleReply(caller.area, reply_id, caller.subject)
            await usecases.match_reply(session, command, customer.id, now=clock.now())
    except (InvalidPhone, CustomerNotFound) as wrong:
        return await _page(request, here, caller, status=422, wrong=(reply_id, wrong.message))
    except ReplySettled as late:
        return see_other(request, PAGE, say=late.message, tone="warn")
    return see_other(request, PAGE, say="已转给客户所在营业厅。")


@router.post("/messaging/replies/{reply_id}/dismissal")
async def put_aside(
    request: Request, here: Here, caller: Writer, reply_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    if not 2 <= len(reason.strip()) <= 200:
        return await _page(request, here, caller, status=422, wrong=(reply_id, NO_REASON))
    try:
        async with here.database.transaction() as session:
            command = SettleReply(caller.area, reply_id, caller.subject)
            await usecases.put_reply_aside(session, command, reason.strip(), now=clock.now())
    except ReplySettled as late:
        return see_other(request, PAGE, say=late.message, tone="warn")
    return see_other(request, PAGE, say="已标记为无需处理。")


async def _page(
    request: Request, here: Runtime, caller: Caller, *, status: int = 200, cursor: str | None = None,
    wrong: tuple[UUID, str] | None = None,
) -> Response:  # fmt: skip
    async with here.database.reading() as session:
        found = await repository.unmatched_page(session, caller.area, PageRequest(SHOWN, cursor))
        words = await repository.words(session)
    return render(
        request, "inbound/replies.html", status=status, replies=found.items, wrong=wrong or (None, ""),
        may_write=caller.may("messages:write"),
        words=[sorted(w for w, k in words.items() if k == kind) for kind in ("opt_out", "denial")],
        next_url=f"{PAGE}?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip
