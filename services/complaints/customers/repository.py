"""Queries of the archive's copy: by id and by number, inside an area, and the writes that follow events."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.customers.errors import CustomerNotFound
from services.complaints.customers.models import Assignment, Customer, Departure, Tier
from services.complaints.tables import Table
from shared.database import upsert
from shared.personal_data import told
from shared.security.tenancy import Area

PURGED = "purged"
LEFT = "left"


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer of the archive with those who look after them."""

    id: UUID
    phone_index: str
    phone_masked: str
    hall: str
    county: str
    clerk: str
    tier: str | None


def _known(area: Area) -> Any:
    inside = area.clause(col(Assignment.hall), col(Assignment.county))
    gone = select(Departure.customer_id).where(col(Departure.customer_id) == col(Customer.customer_id))
    return (
        sa.select(
            col(Customer.customer_id), col(Customer.phone_index), col(Customer.phone_masked),
            col(Assignment.hall), col(Assignment.county), col(Assignment.clerk), col(Tier.tier),
        )
        .join(Assignment, col(Assignment.customer_id) == col(Customer.customer_id))
        .outerjoin(Tier, col(Tier.customer_id) == col(Customer.customer_id))
        .where(inside, ~gone.exists())
        .order_by(col(Customer.archived_at), col(Customer.customer_id))
    )  # fmt: skip


async def customer_or_none(session: AsyncSession, customer_id: UUID, area: Area) -> KnownCustomer | None:
    row = (await session.execute(_known(area).where(col(Customer.customer_id) == customer_id))).first()
    return KnownCustomer(*row) if row else None


async def get_customer(session: AsyncSession, customer_id: UUID, area: Area) -> KnownCustomer:
    """The customer inside the area; raises CustomerNotFound."""
    customer = await customer_or_none(session, customer_id, area)
    if customer is None:
        raise CustomerNotFound
    return customer


async def by_phone(session: AsyncSession, phone_index: str, area: Area) -> KnownCustomer | None:
    """Whose number it is: the one archived last, where several have had it."""
    return (await by_phones(session, [phone_index], area)).get(phone_index)


async def by_phones(session: AsyncSession, indexes: Collection[str], area: Area) -> dict[str, KnownCustomer]:
    """Whose numbers they are, by index."""
    if not indexes:
        return {}
    rows = await session.execute(_known(area).where(col(Customer.phone_index).in_(indexes)))
    return {row.phone_index: KnownCustomer(*row) for row in rows}


async def purged_among(session: AsyncSession, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of whom nothing may be kept any more."""
    query = select(Departure.customer_id).where(
        col(Departure.customer_id).in_(customer_ids), col(Departure.reason) == PURGED
    )
    return set((await session.scalars(query)).all())


async def numbers_of_nobody_else(session: AsyncSession, ids: Sequence[UUID]) -> set[str]:
    """The numbers, by index, that these customers have and nobody else has."""
    other: Any = sa.orm.aliased(Customer)
    also = sa.exists().where(other.phone_index == col(Customer.phone_index), other.customer_id.not_in(ids))
    query = sa.select(col(Customer.phone_index)).where(col(Customer.customer_id).in_(ids), ~also)
    return set(await session.scalars(query))


async def keep_customers(session: AsyncSession, rows: Iterable[Customer]) -> None:
    await upsert(session, Customer, rows, key=["customer_id"], newer_by="version")


async def keep_assignments(session: AsyncSession, rows: Iterable[Assignment]) -> None:
    await upsert(session, Assignment, rows, key=["customer_id"], newer_by="version")


async def keep_tiers(session: AsyncSession, rows: Iterable[Tier]) -> None:
    await upsert(session, Tier, rows, key=["customer_id"], newer_by="version")


async def keep_departures(session: AsyncSession, rows: Sequence[Departure]) -> None:
    await upsert(session, Departure, rows, key=["customer_id"], newer_by="version")


async def erase(session: AsyncSession, customer_ids: Collection[UUID]) -> None:
    """Delete all that is kept of these customers."""
    kept: tuple[type[Table], ...] = (Customer, Assignment, Tier)
    for model in kept:
        table: Any = model
        await session.execute(sa.delete(table).where(table.customer_id.in_(customer_ids)))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The copy of the archive."""
    kept: tuple[type[Table], ...] = (Customer, Assignment, Tier, Departure)
    rows = [await session.get(model, customer_id) for model in kept]
    held: dict[str, Any] = {}
    for row in rows:
        held |= told(row, "version") if row is not None else {}
    return {"customer": held}
