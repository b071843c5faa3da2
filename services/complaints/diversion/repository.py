"""The measure in one statement over tickets and orders, and the stored measurements."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.diversion.models import Measurement
from services.complaints.diversion.rules import HALL, HALL_SOURCES, HOTLINE, NOBODY, Figure
from services.complaints.tickets.models import Ticket
from services.complaints.work_orders.models import WorkOrder
from shared.security.tenancy import Area

SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Measured:
    """One hall and clerk of one month."""

    hall: str
    county: str
    clerk: str
    figure: Figure


async def measured(
    session: AsyncSession, start: datetime, end: datetime, window_days: int, area: Area
) -> list[Measured]:
    """Numerator and denominator by hall and clerk of the first contact (see `rules`), for halls of the area."""
    first = _first_contacts(start, end)
    good = sa.and_(first.c.via == HALL, ~_followed(first, window_days))
    clerk = sa.func.coalesce(first.c.clerk, NOBODY).label("clerk")
    inside = area.clause(first.c.hall, first.c.county)
    query = (
        sa.select(
            first.c.hall, first.c.county, clerk,
            sa.func.sum(sa.case((good, 1), else_=0)), sa.func.count(),
        )
        .where(first.c.place == 1, inside)
        .group_by(first.c.hall, first.c.county, clerk)
        .order_by(first.c.county, first.c.hall, clerk)
    )  # fmt: skip
    rows = await session.execute(query)
    return [Measured(hall, county, who, Figure(int(good), count)) for hall, county, who, good, count in rows]


async def unmatched_orders(
    session: AsyncSession, start: datetime, end: datetime, area: Area
) -> dict[tuple[str | None, str | None], int]:
    """Orders of the period that match nobody in the archive, by hall and county."""
    inside: Any = area.clause(col(WorkOrder.hall), col(WorkOrder.county))
    query = (
        sa.select(col(WorkOrder.hall), col(WorkOrder.county), sa.func.count())
        .where(
            col(WorkOrder.customer_id).is_(None), col(WorkOrder.received_at) >= start,
            col(WorkOrder.received_at) < end, inside,
        )
        .group_by(col(WorkOrder.hall), col(WorkOrder.county))
    )  # fmt: skip
    return {(hall, county): int(count) for hall, county, count in await session.execute(query)}


async def measurements_of(
    session: AsyncSession, month: str, area: Area
) -> dict[tuple[str, str], Measurement]:
    """What was said last about that month, by hall and clerk, locked."""
    inside: Any = area.clause(col(Measurement.hall), col(Measurement.county))
    query = select(Measurement).where(col(Measurement.month) == month, inside)
    ordered = query.order_by(col(Measurement.hall), col(Measurement.clerk))
    return {(m.hall, m.clerk): m for m in (await session.scalars(ordered.with_for_update())).all()}


def _first_contacts(start: datetime, end: datetime) -> Any:
    """Every contact of the period with its place in its customer's order of contacts."""
    contacts = sa.union_all(_at_the_hall(start, end), _at_the_hotline(start, end)).subquery("contacts")
    place = sa.func.row_number().over(
        partition_by=contacts.c.customer_id, order_by=(contacts.c.received_at, contacts.c.via, contacts.c.id)
    )
    return sa.select(contacts, place.label("place")).subquery("first_contacts")


def _at_the_hall(start: datetime, end: datetime) -> Any:
    return sa.select(
        col(Ticket.id).label("id"), col(Ticket.customer_id).label("customer_id"),
        sa.literal(HALL).label("via"), col(Ticket.category).label("category"),
        col(Ticket.received_at).label("received_at"), col(Ticket.hall).label("hall"),
        col(Ticket.county).label("county"), col(Ticket.clerk).label("clerk"),
    ).where(
        col(Ticket.customer_id).is_not(None), col(Ticket.source).in_(HALL_SOURCES),
        col(Ticket.received_at) >= start, col(Ticket.received_at) < end,
    )  # fmt: skip


def _at_the_hotline(start: datetime, end: datetime) -> Any:
    return sa.select(
        col(WorkOrder.id).label("id"), col(WorkOrder.customer_id).label("customer_id"),
        sa.literal(HOTLINE).label("via"), col(WorkOrder.category).label("category"),
        col(WorkOrder.received_at).label("received_at"), col(WorkOrder.hall).label("hall"),
        col(WorkOrder.county).label("county"), col(WorkOrder.clerk).label("clerk"),
    ).where(
        col(WorkOrder.customer_id).is_not(None), col(WorkOrder.hall).is_not(None),
        col(WorkOrder.received_at) >= start, col(WorkOrder.received_at) < end,
    )  # fmt: skip


def _followed(first: Any, window_days: int) -> Any:
    """An order of the same customer and category, from the contact's moment to N days after."""
    order = sa.orm.aliased(WorkOrder)
    after = _seconds(col(order.received_at)) - _seconds(first.c.received_at)
    return (
        sa.select(sa.literal(1))
        .where(
            col(order.customer_id) == first.c.customer_id, col(order.category) == first.c.category,
            after >= 0, after <= window_days * SECONDS_A_DAY,
        )
        .exists()
    )  # fmt: skip


def _seconds(column: Any) -> Any:
    """Seconds since 1970: both databases subtract numbers alike, but not moments."""
    return sa.extract("epoch", column)
