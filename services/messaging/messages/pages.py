"""Messages as pages: those whose outcome nobody knows, with their age, and why one was sent or not."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.messaging.messages import repository
from services.messaging.messages.rules import SAID_NAMES, STATUS_NAMES, reason_name
from services.messaging.messages.schemas import UnknownRead, WhyRead
from services.messaging.templates.rules import CLASS_NAMES
from shared import clock
from shared.pagination import PageRequest
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("messages:read")]
SHOWN = 50
HOUR, DAY = 3600, 86400


@router.get("/messaging/unknowns")
async def unknowns(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    """Oldest first."""
    now = clock.now()
    async with here.database.reading() as session:
        found = await repository.unknowns_page(session, caller.area, PageRequest(SHOWN, cursor))
        number, oldest = await repository.unknowns_in(session, caller.area)
    return render(
        request, "messages/unknowns.html", number=number, age=age,
        oldest=int((now - oldest).total_seconds()) if oldest else 0,
        unknowns=[UnknownRead.of(message, now) for message in found.items],
        next_url=f"/messaging/unknowns?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip


@router.get("/messaging/messages/{message_id}")
async def message_page(request: Request, here: Here, caller: Reader, message_id: UUID) -> Response:
    """Consent, cap, hours, template, campaign, and what gateways answered."""
    async with here.database.reading() as session:
        message = await repository.get_message(session, message_id, caller.area)
        answers = await repository.answers_of(session, message.id)
    return render(
        request, "messages/message.html", message=message, why=WhyRead.of(message, list(answers)),
        status_name=STATUS_NAMES[message.status], reason=reason_name(message.reason) if message.reason else None,
        class_names=CLASS_NAMES, said_names=SAID_NAMES,
    )  # fmt: skip


def age(seconds: int) -> str:
    """So that a glance tells minutes from days."""
    if seconds >= DAY:
        return f"{seconds // DAY} 天 {seconds % DAY // HOUR} 小时"
    if seconds >= HOUR:
        return f"{seconds // HOUR} 小时 {seconds % HOUR // 60} 分"
    return f"{seconds // 60} 分"
