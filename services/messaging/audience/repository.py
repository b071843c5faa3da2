"""Queries and set-based writes of the projections."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.audience.errors import CustomerNotFound, HallNotFound
from services.messaging.audience.models import ACTIVE, Consent, Customer, Hall, Ticket
from shared.database import upsert
from shared.personal_data import told
from shared.security.tenancy import Area

SNAPSHOT = (
    *("version", "phone_enc", "phone_index", "phone_masked"),
    *("brand", "age_band", "spend_band", "habits", "preferences", "archived_at"),
)
TIER = ("tier_version", "tier")
PLACE = ("placed_version", "hall", "county", "clerk")
STORED = ("stored_version", "number_stored_at")
STATUS = ("status_version", "status", "departed_at")
TICKET_STATE = ("version", "customer_id", "is_open", "cycle", "changed_at", "closed_at")
TICKET_RATING = ("rated_version", "rated_cycle", "rated_good")


Row = dict[str, Any]


async def save(session: AsyncSession, customers: Sequence[Row], *groups: tuple[str, ...]) -> None:
    """Write these groups of columns where they are newer; the first of each group is its version."""
    for group in groups:
        await upsert(session, Customer, customers, key=["id"], update=group, newer_by=group[0])


async def save_consents(session: AsyncSession, consents: Iterable[Consent]) -> None:
    await upsert(session, Consent, consents, key=["customer_id", "purpose"], newer_by="version")


async def erase_consents(session: AsyncSession, departed_before: datetime, limit: int) -> int:
    """Consents of those who left before then; how many went. The index is of the departed only."""
    c, k = Customer, Consent
    gone = (
        sa.select(col(k.customer_id), col(k.purpose))
        .join(c, col(c.id) == col(k.customer_id))
        .where(col(c.departed_at) < departed_before, col(c.status) != ACTIVE)
        .limit(limit)
    )
    found = (await session.execute(gone)).all()
    pair = sa.tuple_(col(k.customer_id), col(k.purpose))
    if found:
        await session.execute(sa.delete(k).where(pair.in_([(row[0], row[1]) for row in found])))
    return len(found)


async def save_halls(session: AsyncSession, halls: Iterable[Hall]) -> None:
    await upsert(session, Hall, halls, key=["code"], newer_by="version")


async def save_tickets(session: AsyncSession, tickets: Iterable[Ticket], group: tuple[str, ...]) -> None:
    """Write this group of columns where it is newer; its first column is its version."""
    await upsert(session, Ticket, tickets, key=["ticket_id"], update=group, newer_by=group[0])


async def lock_customers(session: AsyncSession, ids: Iterable[UUID]) -> None:
    """Take turns with everyone else who plans for, or hears from, these customers until the transaction ends."""
    query = sa.select(col(Customer.id)).where(col(Customer.id).in_(sorted(set(ids))))
    await session.execute(query.order_by(col(Customer.id)).with_for_update())


async def customers_by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Customer]:
    query = select(Customer).where(col(Customer.id).in_(set(ids)))
    fresh = query.execution_options(populate_existing=True)
    return {customer.id: customer for customer in await session.scalars(fresh)}


async def get_customer(session: AsyncSession, customer_id: UUID, area: Area) -> Customer:
    """A customer with a number inside the area; raises CustomerNotFound."""
    within = area.clause(col(Customer.hall), col(Customer.county))
    query = select(Customer).where(Customer.id == customer_id, col(Customer.phone_enc).is_not(None), within)
    customer = (await session.scalars(query)).one_or_none()
    if customer is None:
        raise CustomerNotFound
    return customer


async def active_by_phone(session: AsyncSession, indexes: Iterable[str]) -> dict[str, Customer]:
    """The customer each number belongs to now."""
    query = select(Customer).where(col(Customer.phone_index).in_(set(indexes)), Customer.status == ACTIVE)
    found = await session.scalars(query.order_by(col(Customer.archived_at)))
    return {customer.phone_index or "": customer for customer in found}


async def numbers_of_nobody_else(session: AsyncSession, ids: Sequence[UUID]) -> set[str]:
    """The numbers, by index, that these customers have or had and nobody else has now."""
    other: Any = sa.orm.aliased(Customer)
    also = sa.exists().where(other.phone_index == col(Customer.phone_index), other.id.not_in(ids))
    query = sa.select(col(Customer.phone_index)).where(
        col(Customer.id).in_(ids), col(Customer.phone_index).is_not(None), ~also
    )
    return {index for index in await session.scalars(query) if index}


async def get_customer_of_phone(session: AsyncSession, index: str, area: Area) -> Customer:
    """The customer a number belongs to now; raises CustomerNotFound, also outside the area."""
    found = (await active_by_phone(session, [index])).get(index)
    if found is None or not area.covers(found.hall, found.county):
        raise CustomerNotFound
    return found


async def consents_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[tuple[UUID, str], Consent]:
    query = select(Consent).where(col(Consent.customer_id).in_(set(ids)))
    fresh = query.execution_options(populate_existing=True)
    return {(c.customer_id, c.purpose): c for c in await session.scalars(fresh)}


async def troubles_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, tuple[bool, datetime | None]]:
    """Whether a ticket is open, and when the last one closed that was not rated good in its last cycle."""
    well = col(Ticket.rated_good).is_(True) & (col(Ticket.rated_cycle) == col(Ticket.cycle))
    query: Any = (
        sa.select(
            col(Ticket.customer_id),
            sa.func.max(sa.cast(col(Ticket.is_open), sa.Integer)),
            sa.func.max(col(Ticket.closed_at)).filter(~well),
        )
        .where(col(Ticket.customer_id).in_(set(ids)))
        .group_by(col(Ticket.customer_id))
    )
    return {id_: (bool(is_open), closed_at) for id_, is_open, closed_at in await session.execute(query)}


async def halls_by_code(session: AsyncSession, codes: Iterable[str]) -> dict[str, Hall]:
    query = select(Hall).where(col(Hall.code).in_(set(codes))).execution_options(populate_existing=True)
    return {hall.code: hall for hall in await session.scalars(query)}


async def places_within(session: AsyncSession, area: Area) -> set[str]:
    """Codes of the halls inside the area and of their counties."""
    within = area.clause(col(Hall.code), col(Hall.county))
    rows = await session.execute(sa.select(col(Hall.code), col(Hall.county)).where(within))
    return {code for row in rows for code in row}


async def halls_in(session: AsyncSession, area: Area) -> list[Hall]:
    """The halls of an area, by code."""
    query = select(Hall).where(area.clause(col(Hall.code), col(Hall.county)))
    return list((await session.scalars(query.order_by(col(Hall.code)))).all())


async def hall_names(session: AsyncSession, codes: Iterable[str]) -> dict[str, str]:
    return {code: hall.full_name for code, hall in (await halls_by_code(session, codes)).items()}


async def get_hall(session: AsyncSession, code: str, area: Area) -> Hall:
    """Raises HallNotFound."""
    query = select(Hall).where(Hall.code == code, area.clause(col(Hall.code), col(Hall.county)))
    hall = (await session.scalars(query)).one_or_none()
    if hall is None:
        raise HallNotFound
    return hall


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The copy of the record, of the last word on each purpose, and of which tickets are open."""
    customer = await session.get(Customer, customer_id)
    consents = (await consents_of(session, [customer_id])).values()
    tickets = await session.scalars(select(Ticket).where(Ticket.customer_id == customer_id))
    return {
        "customer": told(customer) if customer else None,
        "consents": [told(consent, "customer_id") for consent in consents],
        "tickets": [told(ticket, "customer_id") for ticket in tickets],
    }
