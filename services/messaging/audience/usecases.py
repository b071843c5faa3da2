"""Taking other services' facts over: set-based, in any order, twice as once."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository
from services.messaging.audience.models import ACTIVE, LEFT, PURGED, Consent, Hall, Ticket
from services.messaging.audience.repository import Row
from shared import clock
from shared.events.complaints import ComplaintClosed, ComplaintMerged, ComplaintRated, TicketEvent
from shared.events.customer import (
    CustomerConsentChanged,
    CustomerEvent,
    CustomerLeftNetwork,
    CustomerNumberStored,
    CustomerPurged,
    CustomerReassigned,
    CustomerSnapshot,
    CustomerTierChanged,
    HallChanged,
)

BLANK: Row = {
    **dict.fromkeys(("version", "tier_version", "placed_version", "stored_version", "status_version"), 0),
    **dict.fromkeys(
        name
        for group in (repository.SNAPSHOT, repository.TIER, repository.STORED, repository.STATUS)
        for name in group[1:]
    ),
    "status": ACTIVE,
}


async def follow_snapshots(session: AsyncSession, events: Sequence[CustomerSnapshot]) -> None:
    """Number, profile, place, and the consents that came with them."""
    rows = [_from_snapshot(event) for event in events]
    await repository.save(session, rows, repository.SNAPSHOT, repository.TIER, repository.PLACE)
    stored = [row for row in rows if row["number_stored_at"] is not None]
    await repository.save(session, stored, repository.STORED)
    await repository.save_consents(session, (c for event in events for c in _consents_in(event)))


async def follow_consents(session: AsyncSession, events: Sequence[CustomerConsentChanged]) -> None:
    """The lock makes a plan that is being made for the customer either see this word or be seen by it."""
    await repository.lock_customers(session, [event.customer_id for event in events])
    await repository.save_consents(session, [_consent_of(event) for event in events])


async def follow_stored_numbers(session: AsyncSession, events: Sequence[CustomerNumberStored]) -> None:
    rows = [_row(e, stored_version=e.version, number_stored_at=e.number_stored_at) for e in events]
    await repository.save(session, rows, repository.STORED)


async def follow_tiers(session: AsyncSession, events: Sequence[CustomerTierChanged]) -> None:
    rows = [_row(e, tier_version=e.version, tier=e.to_tier) for e in events]
    await repository.save(session, rows, repository.TIER)


async def follow_reassignments(session: AsyncSession, events: Sequence[CustomerReassigned]) -> None:
    await repository.save(session, [_row(e, placed_version=e.version) for e in events], repository.PLACE)


async def follow_departures(
    session: AsyncSession, events: Sequence[CustomerLeftNetwork | CustomerPurged]
) -> None:
    """Nobody gone is written to; of the purged nothing but the id, the hall and that fact is left."""
    await repository.lock_customers(session, [event.customer_id for event in events])
    left = [
        _row(e, status=LEFT, status_version=e.version, departed_at=e.left_at)
        for e in events
        if isinstance(e, CustomerLeftNetwork)
    ]
    await repository.save(session, left, repository.STATUS)
    purged = [
        _row(
            e,
            status=PURGED,
            status_version=e.version,
            departed_at=e.purged_at,
            version=e.version,
            tier_version=e.version,
        )
        for e in events
        if isinstance(e, CustomerPurged)
    ]
    await repository.save(session, purged, repository.STATUS, repository.SNAPSHOT, repository.TIER)


async def follow_halls(session: AsyncSession, events: Sequence[HallChanged]) -> None:
    await repository.save_halls(session, [_hall_of(event) for event in events])


async def follow_tickets(session: AsyncSession, events: Sequence[TicketEvent]) -> None:
    await repository.save_tickets(session, [_ticket_of(e) for e in events], repository.TICKET_STATE)


async def follow_ratings(session: AsyncSession, events: Sequence[ComplaintRated]) -> None:
    """A rating may come before the ticket it is about: then it makes the row, and the ticket fills it in."""
    rated = [
        Ticket(
            ticket_id=e.ticket_id, customer_id=e.customer_id, changed_at=e.occurred_at, rated_version=e.version,
            rated_cycle=e.cycle, rated_good=e.good,
        )
        for e in events
    ]  # fmt: skip
    await repository.save_tickets(session, rated, repository.TICKET_RATING)


async def forget_consents(session: AsyncSession, *, now: datetime, months: int, limit: int) -> bool:
    """Erase what those agreed to who left so many months ago, a chunk at a time; True when there may be more."""
    return await repository.erase_consents(session, clock.months_before(now, months), limit) == limit


def customer_ids(events: Iterable[CustomerEvent]) -> list[UUID]:
    """The customers concerned, each once, in the order of the events."""
    return list(dict.fromkeys(event.customer_id for event in events))


def _row(event: CustomerEvent, **known: Any) -> Row:
    """A customer's row: what the event does not tell is left as it is there, or empty when it is new."""
    place = {"id": event.customer_id, "hall": event.hall, "county": event.county, "clerk": event.clerk}
    return {**BLANK, **place, **known}


def _from_snapshot(event: CustomerSnapshot) -> Row:
    return _row(
        event,
        version=event.version,
        phone_enc=event.phone_enc,
        phone_index=event.phone_index,
        phone_masked=event.phone_masked,
        brand=event.brand,
        age_band=event.age_band,
        spend_band=event.spend_band,
        tier_version=event.version,
        tier=event.tier,
        habits=_barred(event.habits),
        preferences=_barred(event.preferences),
        archived_at=event.archived_at,
        placed_version=event.version,
        stored_version=event.version,
        number_stored_at=event.number_stored_at,
    )


def _barred(codes: Sequence[str]) -> str | None:
    """Codes as one text, each between bars, so that one of them can be looked for on every database."""
    return f"|{'|'.join(codes)}|" if codes else None


def _consents_in(event: CustomerSnapshot) -> list[Consent]:
    return [
        Consent(
            customer_id=event.customer_id, purpose=purpose, version=event.version, granted=consent.granted,
            consent_id=consent.consent_id, at=consent.at,
        )
        for purpose, consent in event.consents.items()
    ]  # fmt: skip


def _consent_of(event: CustomerConsentChanged) -> Consent:
    return Consent(
        customer_id=event.customer_id, purpose=event.purpose, version=event.version, granted=event.granted,
        consent_id=event.consent_id, at=event.at, wording_version=event.wording_version,
    )  # fmt: skip


def _hall_of(event: HallChanged) -> Hall:
    return Hall(
        code=event.code, version=event.version, full_name=event.full_name, county=event.county,
        number=event.number, sms_from=_minute(event.sms_from), sms_until=_minute(event.sms_until),
        busy_from_day=event.busy_from_day, busy_to_day=event.busy_to_day, effective_to=event.effective_to,
    )  # fmt: skip


def _ticket_of(event: TicketEvent) -> Ticket:
    """A merged ticket lives on in another, which has its own state."""
    finished = isinstance(event, ComplaintClosed | ComplaintMerged)
    return Ticket(
        ticket_id=event.ticket_id, customer_id=event.customer_id, version=event.version, is_open=not finished,
        cycle=event.cycle, changed_at=event.occurred_at,
        closed_at=event.closed_at if isinstance(event, ComplaintClosed) else None,
    )  # fmt: skip


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
