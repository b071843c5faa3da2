"""Gathering what every capability holds of one customer, on the record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services import messaging
from services.messaging.audience import repository as audience
from services.messaging.audience.models import Customer
from shared import ids, outbox
from shared.events.messaging import PersonalDataExported
from shared.personal_data import Reason, ReasonRequired, gather, tellers_in
from shared.security.tenancy import Caller


@dataclass(frozen=True, slots=True)
class ExportPerson:
    """Somebody puts together all there is about a customer, and says why."""

    caller: Caller
    customer_id: UUID
    reason: Reason | None


async def export_person(
    session: AsyncSession, command: ExportPerson, *, now: datetime
) -> tuple[Customer, dict[str, Any]]:
    """Raises CustomerNotFound, ReasonRequired. The customer service hears of it and keeps it in the access log."""
    customer = await audience.get_customer(session, command.customer_id, command.caller.area)
    if command.reason is None:
        raise ReasonRequired
    exported = PersonalDataExported(
        occurred_at=now, export_id=ids.uuid7(), service="messaging", customer_id=customer.id, hall=customer.hall,
        county=customer.county, exported_by=command.caller.subject, role=command.caller.role, reason=command.reason,
    )  # fmt: skip
    outbox.add(session, exported)
    return customer, await gather(session, tellers_in(messaging), customer.id)
