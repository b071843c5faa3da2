"""Messages over HTTP: lists, one, and the unknown ones."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.messaging.messages import repository
from services.messaging.messages.rules import STATUSES
from services.messaging.messages.schemas import MessageRead, UnknownRead
from services.messaging.templates.schemas import MessageClass
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/messaging/v1", tags=["messages"])

Reader = Annotated[Caller, requires("messages:read")]
StatusQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(STATUSES)})$")]
ClassQuery = Annotated[MessageClass | None, Query(alias="class")]


@router.get("/messages")
async def list_messages(
    here: Here,
    caller: Reader,
    page: PageQuery,
    customer_id: UUID | None = None,
    status: StatusQuery = None,
    message_class: ClassQuery = None,
    hall: Annotated[str | None, Query(max_length=64)] = None,
    campaign_id: UUID | None = None,
) -> Page[MessageRead]:
    """Newest first."""
    wanted = {
        "customer_id": customer_id, "status": status, "message_class": message_class, "hall": hall,
        "campaign_id": campaign_id,
    }  # fmt: skip
    async with here.database.reading() as session:
        found = await repository.messages_page(session, caller.area, page, **wanted)  # type: ignore[arg-type]
    return found.map(MessageRead.of)


@router.get("/messages/{message_id}")
async def get_message(message_id: UUID, here: Here, caller: Reader, response: Response) -> MessageRead:
    async with here.database.reading() as session:
        message = await repository.get_message(session, message_id, caller.area)
    response.headers["etag"] = etag(message.version)
    return MessageRead.of(message)


@router.get("/unknowns")
async def list_unknowns(here: Here, caller: Reader, page: PageQuery) -> Page[UnknownRead]:
    """Messages whose outcome at the gateway is unknown, the oldest first."""
    now = clock.now()
    async with here.database.reading() as session:
        found = await repository.unknowns_page(session, caller.area, page)
    return found.map(lambda message: UnknownRead.of(message, now))
