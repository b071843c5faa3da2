"""A person's data over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.messaging.exports import usecases
from shared import clock
from shared.personal_data import REASONS, ExportPerson, PersonalData, Reason
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/messaging/v1", tags=["personal data"])


@router.get("/customers/{customer_id}/data")
async def get_data(
    customer_id: UUID,
    here: Here,
    caller: Annotated[Caller, requires("personal_data:read")],
    response: Response,
    reason: Reason | None = None,
) -> PersonalData:
    """All that the messaging service holds of the person: messages with their words and fate, replies, slots."""
    now = clock.now()
    async with here.database.transaction() as session:
        command = ExportPerson(caller, customer_id, reason)
        customer, held = await usecases.export_person(session, command, now=now)
    response.headers["Cache-Control"] = "no-store"
    clear = caller.may("phone:reveal") and customer.phone_enc
    return PersonalData(
        service="messaging",
        customer_id=customer.id,
        generated_at=now,
        reason=REASONS[reason] if reason else "",
        phone=here.phones.open(customer.phone_enc or "") if clear else customer.phone_masked or "",
        held=held,
    )
