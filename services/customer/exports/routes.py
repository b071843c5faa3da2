"""A person's data over HTTP. No idempotency key: its stored answer would be one more copy of everything."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.customer.exports import usecases
from services.customer.exports.schemas import ELSEWHERE, CustomerData, ExportRequest
from services.customer.exports.usecases import ExportPerson
from shared import clock
from shared.personal_data import REASONS, Reason
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/customer/v1", tags=["personal data"])

Exporter = Annotated[Caller, requires("personal_data:read")]


@router.get("/customers/{customer_id}/data")
async def get_data(
    customer_id: UUID, here: Here, caller: Exporter, response: Response, reason: Reason | None = None
) -> CustomerData:
    """All that the customer service holds of the person; the reason is a code, since it stands in the address."""
    return await _export(here, caller, customer_id, REASONS[reason] if reason else None, response)


@router.post("/customers/{customer_id}/data", status_code=201)
async def export_data(
    customer_id: UUID, body: ExportRequest, here: Here, caller: Exporter, response: Response
) -> CustomerData:
    """The same with a reason in words."""
    return await _export(here, caller, customer_id, body.reason, response)


async def _export(
    here: Runtime, caller: Caller, customer_id: UUID, reason: str | None, response: Response
) -> CustomerData:
    now = clock.now()
    command = ExportPerson(caller.area, customer_id, caller.subject, caller.role, reason)
    async with here.database.transaction() as session:
        customer, held = await usecases.export_person(session, command, now=now)
    response.headers["Cache-Control"] = "no-store"
    clear = caller.may("phone:reveal")
    return CustomerData(
        service="customer",
        customer_id=customer.id,
        generated_at=now,
        reason=reason or "",
        phone=here.phones.open(customer.phone_enc) if clear else customer.phone_masked,
        held=held,
        elsewhere=[f"/{service}/v1/customers/{customer.id}/data" for service in ELSEWHERE],
    )
