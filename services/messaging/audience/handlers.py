"""What the audience hears; each projection is written set-based, a batch at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import usecases
from shared.consumer import Delivery, Handlers, bulk
from shared.events.complaints import (
    ComplaintClosed,
    ComplaintMerged,
    ComplaintOpened,
    ComplaintRated,
    ComplaintReopened,
)
from shared.events.customer import (
    CustomerConsentChanged,
    CustomerLeftNetwork,
    CustomerNumberStored,
    CustomerPurged,
    CustomerReassigned,
    CustomerRegistered,
    CustomerTierChanged,
    CustomerUpdated,
    HallChanged,
)

Batch = Sequence[Delivery[Any]]


@bulk
async def follow_customer_on_snapshot(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_snapshots(session, [d.event for d in batch])


@bulk
async def follow_consent_on_consent_changed(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_consents(session, [d.event for d in batch])


@bulk
async def follow_customer_on_number_stored(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_stored_numbers(session, [d.event for d in batch])


@bulk
async def follow_tier_on_tier_changed(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_tiers(session, [d.event for d in batch])


@bulk
async def follow_customer_on_reassigned(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_reassignments(session, [d.event for d in batch])


@bulk
async def follow_customer_on_departure(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_departures(session, [d.event for d in batch])


@bulk
async def follow_hall_on_hall_changed(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_halls(session, [d.event for d in batch])


@bulk
async def follow_ticket_on_complaint(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_tickets(session, [d.event for d in batch])


@bulk
async def follow_rating_on_complaint_rated(session: AsyncSession, batch: Batch) -> None:
    await usecases.follow_ratings(session, [d.event for d in batch])


HANDLERS: Handlers = {
    HallChanged: [follow_hall_on_hall_changed],
    CustomerRegistered: [follow_customer_on_snapshot],
    CustomerUpdated: [follow_customer_on_snapshot],
    CustomerConsentChanged: [follow_consent_on_consent_changed],
    CustomerNumberStored: [follow_customer_on_number_stored],
    CustomerTierChanged: [follow_tier_on_tier_changed],
    CustomerReassigned: [follow_customer_on_reassigned],
    CustomerLeftNetwork: [follow_customer_on_departure],
    CustomerPurged: [follow_customer_on_departure],
    ComplaintOpened: [follow_ticket_on_complaint],
    ComplaintReopened: [follow_ticket_on_complaint],
    ComplaintClosed: [follow_ticket_on_complaint],
    ComplaintMerged: [follow_ticket_on_complaint],
    ComplaintRated: [follow_rating_on_complaint_rated],
}
