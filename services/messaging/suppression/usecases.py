"""Putting a number on the list and taking it off again. What is queued obeys: each message is looked at once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.audience.errors import CustomerNotFound
from services.messaging.audience.models import Customer
from services.messaging.suppression import repository, rules
from services.messaging.suppression.errors import SuppressionNotFound
from services.messaging.suppression.models import NUMBER_DEAD, Suppression
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


@dataclass(frozen=True, slots=True)
class FailedNumber:
    """A number that a message failed for, whose it is, and how its newest messages ended, the newest first."""

    phone_index: str
    phone_masked: str | None
    customer_id: UUID | None
    hall: str | None
    county: str | None
    failure: str
    code: str | None
    outcomes: Sequence[tuple[datetime, str | None]]


async def note_failures(session: AsyncSession, failed: Sequence[FailedNumber], *, now: datetime) -> None:
    """Keep back the numbers that a rule says are enough. Entries that a person lifted count from then on."""
    limits = await repository.number_rules(session)
    known = await repository.entries_of(session, [each.phone_index for each in failed])
    for each in failed:
        rule = limits.get(each.failure)
        if rule is None:
            continue
        entry = known.get((each.phone_index, rule.reason))
        since = entry.lifted_at if entry else None
        in_force = entry is not None and entry.lifted_at is None
        if in_force or rules.in_a_row(each.outcomes, each.failure, since) < rule.failures_in_a_row:
            continue
        await repository.suppress(session, Suppression(
            phone_index=each.phone_index, reason=rule.reason, at=now, phone_masked=each.phone_masked,
            customer_id=each.customer_id, hall=each.hall, county=each.county, added_by="system",
            note=f"连续 {rule.failures_in_a_row} 次下发失败：{each.code or each.failure}",
        ))  # fmt: skip


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


async def confirm_number(
    session: AsyncSession, suppression_id: UUID, area: Area, by: str, because: str, *, now: datetime
) -> Suppression:
    """Lift a dead number's entry, and no other. Raises SuppressionNotFound, SuppressionLifted."""
    entry = await repository.get_suppression(session, suppression_id, area, hold=True)
    if entry.reason != NUMBER_DEAD:
        raise SuppressionNotFound
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
