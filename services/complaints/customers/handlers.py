"""The copy follows the archive, in whatever order its topics arrive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.customers import repository
from services.complaints.customers.models import Assignment, Customer, Departure, Tier
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import (
    CustomerEvent,
    CustomerLeftNetwork,
    CustomerPurged,
    CustomerReassigned,
    CustomerRegistered,
    CustomerSnapshot,
    CustomerTierChanged,
    CustomerUpdated,
)


@bulk
async def keep_customers_on_snapshot(
    session: AsyncSession, deliveries: list[Delivery[CustomerSnapshot]]
) -> None:
    events = await _of_the_living(session, deliveries)
    await repository.keep_customers(session, [_customer(event) for event in events])
    await repository.keep_assignments(session, [_assignment(event) for event in events])
    tiers = [_tier(event, event.tier) for event in events if event.tier is not None]
    await repository.keep_tiers(session, tiers)


@bulk
async def keep_assignments_on_reassigned(
    session: AsyncSession, deliveries: list[Delivery[CustomerReassigned]]
) -> None:
    events = await _of_the_living(session, deliveries)
    await repository.keep_assignments(session, [_assignment(event) for event in events])


@bulk
async def keep_tiers_on_tier_changed(
    session: AsyncSession, deliveries: list[Delivery[CustomerTierChanged]]
) -> None:
    events = await _of_the_living(session, deliveries)
    await repository.keep_tiers(session, [_tier(event, event.to_tier) for event in events])


@bulk
async def let_go_on_left_network(
    session: AsyncSession, deliveries: list[Delivery[CustomerLeftNetwork]]
) -> None:
    events = await _of_the_living(session, deliveries)
    rows = [_departure(event, repository.LEFT, event.left_at) for event in events]
    await repository.keep_departures(session, rows)


@bulk
async def erase_on_purged(session: AsyncSession, deliveries: list[Delivery[CustomerPurged]]) -> None:
    events = [delivery.event for delivery in deliveries]
    rows = [_departure(event, repository.PURGED, event.purged_at) for event in events]
    await repository.keep_departures(session, rows)
    await repository.erase(session, [event.customer_id for event in events])


async def _of_the_living(session: AsyncSession, deliveries: Sequence[Delivery[Any]]) -> list[Any]:
    """The events of customers who were not erased: a late one must not bring anybody back."""
    events = [delivery.event for delivery in deliveries]
    purged = await repository.purged_among(session, [event.customer_id for event in events])
    return [event for event in events if event.customer_id not in purged]


def _customer(event: CustomerSnapshot) -> Customer:
    return Customer(
        customer_id=event.customer_id,
        phone_index=event.phone_index,
        phone_masked=event.phone_masked,
        archived_at=event.archived_at,
        version=event.version,
    )


def _assignment(event: CustomerEvent) -> Assignment:
    return Assignment(
        customer_id=event.customer_id,
        hall=event.hall,
        county=event.county,
        clerk=event.clerk,
        version=event.version,
    )


def _departure(event: CustomerEvent, reason: str, at: datetime) -> Departure:
    return Departure(customer_id=event.customer_id, reason=reason, at=at, version=event.version)


def _tier(event: CustomerEvent, tier: str) -> Tier:
    return Tier(customer_id=event.customer_id, tier=tier, version=event.version)


HANDLERS: Handlers = {
    CustomerRegistered: [keep_customers_on_snapshot],
    CustomerUpdated: [keep_customers_on_snapshot],
    CustomerReassigned: [keep_assignments_on_reassigned],
    CustomerTierChanged: [keep_tiers_on_tier_changed],
    CustomerLeftNetwork: [let_go_on_left_network],
    CustomerPurged: [erase_on_purged],
}
