"""Queries of 10086 orders, and their set-based writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.work_orders.models import WorkOrder
from shared.database import insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.personal_data import told
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What a list of orders may be narrowed by."""

    unmatched: bool | None = None
    hall: str | None = None
    status: str | None = None
    source: str | None = None
    number: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None

    def conditions(self) -> list[Any]:
        """`unmatched` means that nobody in the archive has the number."""
        same = ("hall", "status", "source", "number")
        wanted = [
            col(getattr(WorkOrder, n)) == getattr(self, n) for n in same if getattr(self, n) is not None
        ]
        if self.unmatched is not None:
            nobody: Any = col(WorkOrder.customer_id).is_(None)
            wanted.append(nobody if self.unmatched else ~nobody)
        if self.received_from is not None:
            wanted.append(col(WorkOrder.received_at) >= self.received_from)
        if self.received_to is not None:
            wanted.append(col(WorkOrder.received_at) < self.received_to)
        return wanted


async def orders_page(
    session: AsyncSession, area: Area, wanted: OrderFilter, page: PageRequest
) -> Page[WorkOrder]:
    """Newest first. Orders that no hall was found for are the offices' to see."""
    inside = area.clause(col(WorkOrder.hall), col(WorkOrder.county))
    query = select(WorkOrder).where(inside, *wanted.conditions())
    order = [(col(WorkOrder.received_at), "desc"), (col(WorkOrder.id), "desc")]
    return await paginate(session, query, order, page)  # type: ignore[arg-type]


async def orders_by_number(
    session: AsyncSession, source: str, numbers: Collection[str]
) -> dict[str, WorkOrder]:
    """The known orders among these, locked until the end of the transaction."""
    query = select(WorkOrder).where(col(WorkOrder.source) == source, col(WorkOrder.number).in_(numbers))
    found = (await session.scalars(query.order_by(col(WorkOrder.number)).with_for_update())).all()
    return {order.number: order for order in found}


async def insert_orders(session: AsyncSession, orders: Sequence[WorkOrder]) -> set[Any]:
    """Insert those that nobody else has inserted meanwhile; the (source, number) that went in."""
    return await insert_new(session, WorkOrder, orders, key=["source", "number"])


async def unmatched_by_phone(session: AsyncSession, indexes: Collection[str]) -> Sequence[WorkOrder]:
    query = select(WorkOrder).where(
        col(WorkOrder.phone_index).in_(indexes), col(WorkOrder.customer_id).is_(None)
    )
    return (await session.scalars(query.order_by(col(WorkOrder.id)).with_for_update())).all()


async def erase_words_about(session: AsyncSession, customer_ids: Collection[UUID], words: str) -> None:
    """Put `words` in place of what customers said and take their numbers away; figures stay."""
    await _erase(session, col(WorkOrder.customer_id).in_(customer_ids), words)


async def erase_words_from(session: AsyncSession, numbers: Collection[str], words: str) -> None:
    """The same for callers with these numbers whom no archive knew."""
    unmatched = col(WorkOrder.customer_id).is_(None)
    await _erase(session, sa.and_(col(WorkOrder.phone_index).in_(numbers), unmatched), words)


async def _erase(session: AsyncSession, mine: Any, words: str) -> None:
    blank = {"content": words, "phone_enc": None, "phone_index": None, "phone_masked": None}
    await session.execute(sa.update(WorkOrder).where(mine).values(**blank))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The 10086 orders about the person."""
    query = select(WorkOrder).where(col(WorkOrder.customer_id) == customer_id)
    orders = await session.scalars(query.order_by(col(WorkOrder.received_at)))
    return {"work_orders": [told(order, "customer_id") for order in orders]}
