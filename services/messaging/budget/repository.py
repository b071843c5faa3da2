"""Queries of class rules and cap slots."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.budget.errors import RuleNotFound
from services.messaging.budget.models import CapSlot, ClassRule
from services.messaging.budget.rules import Taken
from shared.database import insert_new
from shared.personal_data import told

SLOT = ("customer_id", "pool", "month", "slot_no")


async def all_rules(session: AsyncSession) -> Sequence[ClassRule]:
    """Every dated setting; there are tens."""
    return (await session.scalars(select(ClassRule))).all()


async def insert_rule(session: AsyncSession, rule: ClassRule) -> bool:
    """False when the class has a setting from that day on already."""
    return bool(await insert_new(session, ClassRule, [rule], key=("message_class", "effective_from")))


async def get_rule(session: AsyncSession, message_class: str, day: date) -> ClassRule:
    """Raises RuleNotFound."""
    rule = await session.get(ClassRule, (message_class, day))
    if rule is None:
        raise RuleNotFound
    return rule


async def slots_of(
    session: AsyncSession, customer_ids: Iterable[UUID], *, since: date = date.min
) -> dict[UUID, list[Taken]]:
    """The slots these customers have in use for days from `since` on."""
    found: dict[UUID, list[Taken]] = {id_: [] for id_ in customer_ids}
    query: Any = sa.select(
        col(CapSlot.customer_id), col(CapSlot.pool), col(CapSlot.month), col(CapSlot.slot_no), col(CapSlot.day),
        col(CapSlot.message_class),
    ).where(col(CapSlot.customer_id).in_(found), col(CapSlot.day) >= since)  # fmt: skip
    for row in await session.execute(query):
        found[row[0]].append(Taken(*row[1:]))
    return found


async def take(session: AsyncSession, slots: Sequence[CapSlot]) -> set[UUID]:
    """Insert; the messages whose slot nobody else had taken."""
    won = await insert_new(session, CapSlot, slots, key=SLOT)
    return {s.message_id for s in slots if (s.customer_id, s.pool, s.month, s.slot_no) in won}


async def release(session: AsyncSession, message_ids: Iterable[UUID]) -> None:
    await session.execute(sa.delete(CapSlot).where(col(CapSlot.message_id).in_(set(message_ids))))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The slots of each month that messages took."""
    query = select(CapSlot).where(CapSlot.customer_id == customer_id)
    slots = await session.scalars(query.order_by(col(CapSlot.month), col(CapSlot.slot_no)))
    return {"cap_slots": [told(slot, "customer_id") for slot in slots]}
