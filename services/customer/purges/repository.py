"""Queries of off-net lists and cleanings, and of the customers they concern."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.models import Customer
from services.customer.purges.errors import JobNotFound
from services.customer.purges.models import OffNetList, OffNetRow, Purge, PurgeRow
from shared.database import insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

J = TypeVar("J")


async def add_rows(session: AsyncSession, rows: Iterable[OffNetRow]) -> None:
    await insert_rows(session, OffNetRow, rows)


async def get_list(session: AsyncSession, list_id: UUID, area: Area) -> OffNetList:
    """A list that is wholly here; raises JobNotFound."""
    within = area.clause(col(OffNetList.hall), col(OffNetList.county))
    query = select(OffNetList).where(OffNetList.id == list_id, OffNetList.status != "receiving", within)
    return _found((await session.scalars(query)).one_or_none())


async def receiving_list(session: AsyncSession, list_id: UUID) -> OffNetList:
    return (await session.scalars(select(OffNetList).where(OffNetList.id == list_id))).one()


async def lists_page(session: AsyncSession, area: Area, page: PageRequest) -> Page[Any]:
    """Newest first."""
    within = area.clause(col(OffNetList.hall), col(OffNetList.county))
    query = select(OffNetList).where(within, OffNetList.status != "receiving")
    return await paginate(session, query, [(col(OffNetList.id), "desc")], page)


async def next_list(session: AsyncSession) -> OffNetList | None:
    """The oldest list with work left, locked against other workers."""
    query = select(OffNetList).where(col(OffNetList.status).in_(["queued", "working"]))
    oldest = query.order_by(col(OffNetList.id)).limit(1).with_for_update(skip_locked=True)
    return (await session.scalars(oldest)).one_or_none()


async def pending_lines(session: AsyncSession, list_id: UUID, limit: int) -> Sequence[OffNetRow]:
    query = select(OffNetRow).where(OffNetRow.list_id == list_id, OffNetRow.status == "pending")
    return (await session.scalars(query.order_by(col(OffNetRow.line)).limit(limit))).all()


async def lines_page(session: AsyncSession, list_id: UUID, page: PageRequest) -> Page[Any]:
    query = select(OffNetRow).where(OffNetRow.list_id == list_id)
    return await paginate(session, query, [(col(OffNetRow.line), "asc")], page)


async def rejected_after(session: AsyncSession, list_id: UUID, after: int, limit: int) -> Sequence[OffNetRow]:
    query = select(OffNetRow).where(
        OffNetRow.list_id == list_id, OffNetRow.status == "rejected", col(OffNetRow.line) > after
    )
    return (await session.scalars(query.order_by(col(OffNetRow.line)).limit(limit))).all()


async def line_counts(session: AsyncSession, list_id: UUID) -> dict[str, int]:
    """How many lines there are of each status."""
    query = sa.select(col(OffNetRow.status), sa.func.count()).where(col(OffNetRow.list_id) == list_id)
    return {row[0]: row[1] for row in await session.execute(query.group_by(col(OffNetRow.status)))}


async def delete_list(session: AsyncSession, list_id: UUID) -> None:
    """With its lines."""
    await session.execute(sa.delete(OffNetList).where(col(OffNetList.id) == list_id))


async def delete_one_old_list(session: AsyncSession, kept: datetime, received: datetime) -> bool:
    """A list taken in before `kept`, or one whose upload broke off before `received`."""
    abandoned = sa.and_(col(OffNetList.status) == "receiving", col(OffNetList.created_at) < received)
    old = select(OffNetList.id).where(sa.or_(col(OffNetList.created_at) < kept, abandoned)).limit(1)
    list_id = (await session.scalars(old)).one_or_none()
    if list_id is not None:
        await delete_list(session, list_id)
    return list_id is not None


async def get_purge(session: AsyncSession, purge_id: UUID, area: Area, *, lock: bool = False) -> Purge:
    within = area.clause(col(Purge.hall), col(Purge.county))
    query = select(Purge).where(Purge.id == purge_id, within)
    return _found((await session.scalars(query.with_for_update() if lock else query)).one_or_none())


async def purges_page(session: AsyncSession, area: Area, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(Purge).where(area.clause(col(Purge.hall), col(Purge.county)))
    return await paginate(session, query, [(col(Purge.id), "desc")], page)


async def next_purge(session: AsyncSession) -> Purge | None:
    """The oldest cleaning with work left, locked against other workers and whoever cancels it."""
    query = select(Purge).where(col(Purge.status).in_(["queued", "working"]))
    oldest = query.order_by(col(Purge.id)).limit(1).with_for_update(skip_locked=True)
    return (await session.scalars(oldest)).one_or_none()


async def collect(session: AsyncSession, purge: Purge, before: datetime) -> int:
    """Write down whom this cleaning concerns: who left before then, in its area. How many they are."""
    area = Area(county=purge.county, hall=purge.hall)
    status = "found" if purge.dry_run else "pending"
    whom = sa.select(
        sa.literal(purge.id, sa.Uuid), col(Customer.id), col(Customer.hall), col(Customer.left_at),
        sa.literal(status, sa.String),
    ).where(left_in(area, before))  # fmt: skip
    names = ["purge_id", "customer_id", "hall", "left_at", "status"]
    await session.execute(sa.insert(PurgeRow).from_select(names, whom))
    return (await counts_of(session, purge.id)).total()


def left_in(area: Area, before: datetime) -> sa.ColumnElement[bool]:
    """Who left the network before then and is not erased."""
    within = area.clause(col(Customer.hall), col(Customer.county))
    return sa.and_(col(Customer.status) == "left", col(Customer.left_at) < before, within)


async def count_left(session: AsyncSession, area: Area, before: datetime) -> int:
    query = sa.select(sa.func.count()).select_from(Customer).where(left_in(area, before))
    return int((await session.scalar(query)) or 0)


async def left_with_numbers(session: AsyncSession, indexes: Sequence[str], area: Area) -> dict[str, UUID]:
    """Who had these numbers, has left and is not erased yet."""
    within = area.clause(col(Customer.hall), col(Customer.county))
    query = sa.select(col(Customer.phone_index), col(Customer.id)).where(
        col(Customer.phone_index).in_(indexes), col(Customer.status) == "left", within
    )
    return {row[0]: row[1] for row in await session.execute(query.order_by(col(Customer.id)))}


async def pending_rows(session: AsyncSession, purge_id: UUID, limit: int) -> Sequence[PurgeRow]:
    query = select(PurgeRow).where(PurgeRow.purge_id == purge_id, PurgeRow.status == "pending")
    return (await session.scalars(query.order_by(col(PurgeRow.customer_id)).limit(limit))).all()


async def rows_page(session: AsyncSession, purge_id: UUID, page: PageRequest) -> Page[Any]:
    query = select(PurgeRow).where(PurgeRow.purge_id == purge_id)
    return await paginate(session, query, [(col(PurgeRow.customer_id), "asc")], page)


async def counts_of(session: AsyncSession, purge_id: UUID) -> Counter[str]:
    """How many customers are in each status."""
    counts = Counter[str]()
    for (_, status), count in (await counts_by_hall(session, purge_id)).items():
        counts[status] += count
    return counts


async def counts_by_hall(session: AsyncSession, purge_id: UUID) -> dict[tuple[str, str], int]:
    """How many customers of each hall are in each status."""
    by = col(PurgeRow.hall), col(PurgeRow.status)
    query = sa.select(*by, sa.func.count()).where(col(PurgeRow.purge_id) == purge_id).group_by(*by)
    return {(row[0], row[1]): row[2] for row in await session.execute(query.order_by(*by))}


async def sample_of(session: AsyncSession, purge_id: UUID, limit: int) -> Sequence[Customer]:
    """Some of whom a rehearsal found, as long as they are still to be cleaned."""
    query = (
        select(Customer)
        .join(PurgeRow, col(PurgeRow.customer_id) == col(Customer.id))
        .where(PurgeRow.purge_id == purge_id, Customer.status == "left")
    )
    return (await session.scalars(query.order_by(col(Customer.id)).limit(limit))).all()


async def withdrawn(session: AsyncSession, limit: int) -> Sequence[Customer]:
    """Who has left the archive and is still in it, locked; what another worker is erasing is left out."""
    query = select(Customer).where(col(Customer.withdrawn_at).is_not(None))
    due = query.order_by(col(Customer.withdrawn_at)).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(due)).all()


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Refused lines of lists that named them; what is left of the others names nobody."""
    theirs = col(OffNetRow.customer_id).in_(ids)
    await session.execute(sa.update(OffNetRow).where(theirs).values(phone_enc=None, phone_index=None))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """On which lists the number stood."""
    query = select(OffNetRow).where(OffNetRow.customer_id == customer_id).order_by(col(OffNetRow.list_id))
    lines = (await session.scalars(query)).all()
    return {"off_net_lists": [{"list": str(r.list_id), "line": r.line, "status": r.status} for r in lines]}


def _found(job: J | None) -> J:
    if job is None:
        raise JobNotFound
    return job
