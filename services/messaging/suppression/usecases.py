"""Putting a number on the list and taking it off again. What is queued obeys: each message is looked at once more."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.audience.errors import CustomerNotFound
from services.messaging.audience.models import Customer
from services.messaging.suppression import repository
from services.messaging.suppression.models import Suppression
from shared.phones import SealedPhone, hide_numbers
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class AddSuppression:
    """Which number, by customer or by itself, who says so and why."""

    area: Area
    by: str
    reason: str
    note: str
    customer_id: UUID | None = None
    phone: SealedPhone | None = None


async def add_suppression(session: AsyncSession, command: AddSuppression, *, now: datetime) -> Suppression:
    """The entry, again in force if it was lifted. Raises CustomerNotFound, also for what is not the caller's."""
    customer = await _customer(session, command)
    phone = command.phone or _number_of(customer)
    entry = Suppression(
        phone_index=phone.index, phone_masked=phone.masked, reason=command.reason, at=now,
        customer_id=customer.id if customer else None, hall=customer.hall if customer else None,
        county=customer.county if customer else None, added_by=command.by, note=hide_numbers(command.note),
    )  # fmt: skip
    await repository.suppress(session, entry)
    return await repository.get_entry(session, phone.index, command.reason)


async def lift_suppression(
    session: AsyncSession, suppression_id: UUID, area: Area, by: str, because: str, *, now: datetime
) -> Suppression:
    """Raises SuppressionNotFound, OptOutStands, SuppressionLifted."""
    entry = await repository.get_suppression(session, suppression_id, area, hold=True)
    entry.lift(by, hide_numbers(because), now=now)
    return entry


async def _customer(session: AsyncSession, command: AddSuppression) -> Customer | None:
    """The customer in the caller's area; a number of nobody is for those who see everything."""
    if command.customer_id is not None:
        return await audience.get_customer(session, command.customer_id, command.area)
    assert command.phone is not None
    found = (await audience.active_by_phone(session, [command.phone.index])).get(command.phone.index)
    if not command.area.covers(found.hall if found else None, found.county if found else None):
        raise CustomerNotFound
    return found


def _number_of(customer: Customer | None) -> SealedPhone:
    if customer is None or customer.phone_enc is None or customer.phone_index is None:
        raise CustomerNotFound
    return SealedPhone(enc=customer.phone_enc, index=customer.phone_index, masked=customer.phone_masked or "")
