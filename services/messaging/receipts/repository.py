"""The inbox of callbacks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.receipts.models import INBOUND, RECEIPT, GatewayInbox
from shared.database import insert_new

IDENTITY = ("gateway", "kind", "identity")


async def store(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert what is new; how many were."""
    return len(await insert_new(session, GatewayInbox, rows, key=IDENTITY))


async def waiting(session: AsyncSession, kind: str, limit: int) -> list[GatewayInbox]:
    """The oldest that nobody has applied; what another process works on is left out."""
    query = select(GatewayInbox).where(_state_is("waiting"), GatewayInbox.kind == kind)
    query = query.order_by(col(GatewayInbox.id)).limit(limit).with_for_update(skip_locked=True)
    return list((await session.scalars(query)).all())


async def has_waiting(session: AsyncSession, kind: str) -> bool:
    query = select(GatewayInbox.id).where(_state_is("waiting"), GatewayInbox.kind == kind).limit(1)
    return (await session.scalars(query)).first() is not None


async def mark(session: AsyncSession, rows: Iterable[GatewayInbox], state: str) -> None:
    ids = [row.id for row in rows]
    if ids:
        await session.execute(
            sa.update(GatewayInbox).where(col(GatewayInbox.id).in_(ids)).values(state=state)
        )


async def unpark(session: AsyncSession, *, after: datetime) -> int:
    """Try those again that were parked since then; how many there were."""
    parked = sa.update(GatewayInbox).where(_state_is("parked"), col(GatewayInbox.received_at) > after)
    result: Any = await session.execute(parked.values(state="waiting"))
    return int(result.rowcount)


async def last_receipts(session: AsyncSession, since: datetime) -> dict[str, datetime]:
    """When each gateway last posted a receipt, among those that came since then."""
    i = GatewayInbox
    query = sa.select(col(i.gateway), sa.func.max(col(i.received_at))).where(
        col(i.received_at) >= since, col(i.kind) == RECEIPT
    )
    return {row[0]: row[1] for row in await session.execute(query.group_by(col(i.gateway)))}


async def forget(session: AsyncSession, before: datetime) -> None:
    await session.execute(sa.delete(GatewayInbox).where(col(GatewayInbox.received_at) < before))


async def erase(session: AsyncSession, numbers: Collection[str]) -> None:
    """What was posted from these numbers and is dealt with; that it came stays, so that a double is known."""
    sender = col(GatewayInbox.payload)["index"].as_string()
    inbound = col(GatewayInbox.kind) == sa.literal_column(f"'{INBOUND}'")  # serves the partial index
    theirs = inbound, col(GatewayInbox.state) != "waiting", sender.in_(numbers)
    if numbers:
        await session.execute(sa.update(GatewayInbox).where(*theirs).values(payload={}))


async def count_by_state(session: AsyncSession) -> dict[str, int]:
    query = sa.select(col(GatewayInbox.state), sa.func.count()).group_by(col(GatewayInbox.state))
    return {row[0]: row[1] for row in await session.execute(query)}


def _state_is(state: str) -> sa.ColumnElement[bool]:
    return col(GatewayInbox.state) == sa.literal_column(f"'{state}'")
