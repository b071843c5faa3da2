"""A person's data over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.complaints.exports import usecases
from shared import clock
from shared.personal_data import REASONS, ExportPerson, PersonalData, Reason
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/complaints/v1", tags=["personal data"])


@router.get("/customers/{customer_id}/data")
async def get_data(
    customer_id: UUID,
    here: Here,
    caller: Annotated[Caller, requires("personal_data:read")],
    response: Response,
    reason: Reason | None = None,
) -> PersonalData:
    """All that the complaints service holds of the person. Of an archived customer it never has the clear number."""
    now = clock.now()
    async with here.database.transaction() as session:
        command = ExportPerson(caller, customer_id, reason)
        customer, held = await usecases.export_person(session, command, now=now)
    response.headers["Cache-Control"] = "no-store"
    return PersonalData(
        service="complaints",
        customer_id=customer.id,
        generated_at=now,
        reason=REASONS[reason] if reason else "",
        phone=customer.phone_masked,
        held=held,
    )
