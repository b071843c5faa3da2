"""The messages whose outcome nobody knows, with their age, as a page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.messaging.messages import repository
from services.messaging.messages.schemas import UnknownRead
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


def age(seconds: int) -> str:
    """So that a glance tells minutes from days."""
    if seconds >= DAY:
        return f"{seconds // DAY} 天 {seconds % DAY // HOUR} 小时"
    if seconds >= HOUR:
        return f"{seconds // HOUR} 小时 {seconds % HOUR // 60} 分"
    return f"{seconds // 60} 分"
