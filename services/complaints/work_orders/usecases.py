"""Noting orders one at a time or many at once, and matching them to customers archived later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.customers.repository import KnownCustomer
from services.complaints.work_orders import repository
from services.complaints.work_orders.models import WorkOrder
from shared import outbox

ERASED = "（客户资料已清除）"
CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
FROM_THE_FILE = (
    "category", "category_text", "content", "received_at", "due_at", "status", "status_text", "phone_enc",
    "phone_index", "phone_masked", "hall_name", "source_updated_at",
)  # fmt: skip
WORDS = ("content", "phone_enc", "phone_index", "phone_masked")
"""What a file brings back about nobody who was erased."""
FOUND_OUT = ("customer_id", "hall", "county", "clerk")
"""What a newer row changes only when it knows better: a hall once found is not lost by a misspelt name."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of each order of a batch, by number: created, updated or unchanged."""

    outcome: Mapping[str, str]
    orders: Mapping[str, WorkOrder]


async def note_order(session: AsyncSession, order: WorkOrder, *, now: datetime) -> WorkOrder:
    """The order as it stands after this; a known one keeps what a file said and takes the ticket."""
    if await repository.insert_orders(session, [order]):
        outbox.add(session, order.told())
        return order
    known = (await repository.orders_by_number(session, order.source, [order.number]))[order.number]
    _find_out(known, order)
    known.version, known.updated_at = known.version + 1, now
    await session.flush()
    outbox.add(session, known.told())
    return known


async def note_orders(
    session: AsyncSession, source: str, orders: Sequence[WorkOrder], *, now: datetime
) -> Noted:
    """Insert what is new and update what is newer at 10086, set-based. One row a number in `orders`."""
    known = await repository.orders_by_number(session, source, [order.number for order in orders])
    outcome = {order.number: _outcome(order, known.get(order.number)) for order in orders}
    new = [order for order in orders if outcome[order.number] == CREATED]
    newer = [order for order in orders if outcome[order.number] == UPDATED]
    await repository.insert_orders(session, new)
    for order in newer:
        _update(known[order.number], order, now)
    await session.flush()
    outbox.add(session, *(order.told() for order in [*new, *(known[order.number] for order in newer)]))
    return Noted(outcome, {**known, **{order.number: order for order in new}})


async def foresee(session: AsyncSession, source: str, orders: Sequence[WorkOrder]) -> dict[str, str]:
    """What `note_orders` would do, by number."""
    known = await repository.orders_by_number(session, source, [order.number for order in orders])
    return {order.number: _outcome(order, known.get(order.number)) for order in orders}


async def match_orders(
    session: AsyncSession, archived: Mapping[str, KnownCustomer], *, now: datetime
) -> None:
    """Orders of customers who are archived now; `archived` is by phone index."""
    orders = await repository.unmatched_by_phone(session, list(archived))
    for order in orders:
        customer = archived[order.phone_index or ""]
        order.customer_id, order.clerk = customer.id, customer.clerk
        order.version, order.updated_at = order.version + 1, now
    await session.flush()
    outbox.add(session, *(order.told() for order in orders))


async def erase_customers(session: AsyncSession, customer_ids: Sequence[UUID]) -> None:
    await repository.erase_words_about(session, customer_ids, ERASED)


def _outcome(order: WorkOrder, known: WorkOrder | None) -> str:
    if known is None:
        return CREATED
    return UPDATED if known.source_updated_at < order.source_updated_at else UNCHANGED


def _update(order: WorkOrder, newer: WorkOrder, now: datetime) -> None:
    erased = order.content == ERASED
    for name in FROM_THE_FILE:
        if not (erased and name in WORDS):
            setattr(order, name, getattr(newer, name))
    if not erased:
        _find_out(order, newer)
    order.version, order.updated_at = order.version + 1, now


def _find_out(order: WorkOrder, newer: WorkOrder) -> None:
    for name in FOUND_OUT:
        value: Any = getattr(newer, name)
        if value is not None:
            setattr(order, name, value)
    order.ticket_id = order.ticket_id or newer.ticket_id
