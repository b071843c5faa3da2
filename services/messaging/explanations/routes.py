"""Why, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.messaging.explanations.schemas import WhyRead
from services.messaging.explanations.usecases import explain_message
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/messaging/v1", tags=["messages"])


@router.get("/messages/{message_id}/why")
async def why_message(
    message_id: UUID, here: Here, caller: Annotated[Caller, requires("messages:read")]
) -> WhyRead:
    """Cause, template version, campaign or plan, consent, cap slot, quiet hours, every answer of the gateway."""
    async with here.database.reading() as session:
        told = await explain_message(session, message_id, caller.area)
    return WhyRead.of(told)
