"""The queue and the lanes. One process at a time paces a gateway; messages in other hands are skipped."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.dispatch.models import GatewayLane
from services.messaging.messages.models import Message
from services.messaging.messages.repository import status_is
from shared.database import upsert

IN_HAND = ("queued", "submitting", "unknown")
LOOKING_AHEAD = timedelta(minutes=5)
"""What is to go within that time leaves a paused gateway's queue, too: its own back-off is part of it."""


async def locked_lane(session: AsyncSession, gateway: str) -> GatewayLane:
    """The lane, held until the transaction ends; made on first use."""
    await upsert(session, GatewayLane, [GatewayLane(gateway=gateway)], key=["gateway"], update=[])
    query = select(GatewayLane).where(GatewayLane.gateway == gateway).with_for_update()
    return (await session.scalars(query.execution_options(populate_existing=True))).one()


async def lane_or_none(session: AsyncSession, gateway: str) -> GatewayLane | None:
    return (await session.scalars(select(GatewayLane).where(GatewayLane.gateway == gateway))).one_or_none()


async def queued_for(session: AsyncSession, gateway: str, now: datetime, limit: int) -> list[Message]:
    """The most urgent messages that are ready, held for this transaction."""
    query = _queued(select(Message), gateway).where(Message.send_at <= now)
    query = (
        query.order_by(col(Message.due_at), col(Message.id)).limit(limit).with_for_update(skip_locked=True)
    )
    return list((await session.scalars(query.execution_options(populate_existing=True))).all())


async def with_another_way(session: AsyncSession, gateway: str, now: datetime, limit: int) -> list[Message]:
    """What is ready for a gateway and has a second one that is not paused itself, held for this transaction."""
    paused = sa.select(col(GatewayLane.gateway)).where(col(GatewayLane.paused_until) > now)
    query = _queued(select(Message), gateway).where(
        Message.send_at <= now + LOOKING_AHEAD, col(Message.fallback).not_in(paused)
    )
    query = query.order_by(col(Message.due_at), col(Message.id)).limit(limit)
    held = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return list((await session.scalars(held)).all())


async def next_queued_at(session: AsyncSession, gateway: str, now: datetime) -> datetime | None:
    """When a message of the queue is ready: `now` for one that is, None for an empty queue."""
    ready = (
        _queued(select(Message.send_at), gateway).where(Message.send_at <= now).order_by(col(Message.due_at))
    )
    if (await session.scalars(ready.limit(1))).first() is not None:
        return now
    at: datetime | None = await session.scalar(_queued(sa.select(sa.func.min(col(Message.send_at))), gateway))
    return at


async def expired_claims(session: AsyncSession, now: datetime, limit: int) -> list[Message]:
    """Messages whose dispatcher has not come back in time."""
    query = select(Message).where(status_is("submitting"), col(Message.lease_until) < now)
    query = query.order_by(col(Message.lease_until)).limit(limit).with_for_update(skip_locked=True)
    return list((await session.scalars(query.execution_options(populate_existing=True))).all())


async def unknown_since_before(
    session: AsyncSession, gateway: str, moment: datetime, limit: int
) -> list[UUID]:
    """Messages of a gateway that have been unknown since before that moment, the oldest first."""
    query = select(Message.id).where(
        status_is("unknown"), Message.gateway == gateway, col(Message.unknown_since) < moment
    )
    return list((await session.scalars(query.order_by(col(Message.unknown_since)).limit(limit))).all())


async def without_receipt(
    session: AsyncSession,
    gateway: str,
    accepted: tuple[datetime, datetime],
    asked_before: datetime,
    limit: int,
) -> list[UUID]:
    """Messages a gateway took in that time and has not reported on, and was not asked about since that moment."""
    m, (since, until) = Message, accepted
    not_asked = sa.or_(col(m.asked_at).is_(None), col(m.asked_at) < asked_before)
    query = select(m.id).where(
        status_is("accepted"),
        m.gateway == gateway,
        col(m.accepted_at) >= since,
        col(m.accepted_at) < until,
        not_asked,
    )
    return list((await session.scalars(query.order_by(col(m.accepted_at)).limit(limit))).all())


async def note_asked(session: AsyncSession, ids: Iterable[UUID], now: datetime) -> None:
    asked = sa.update(Message).where(col(Message.id).in_(set(ids))).values(asked_at=now)
    await session.execute(asked, execution_options={"synchronize_session": False})


async def missing_receipts(session: AsyncSession, since: datetime, until: datetime) -> int:
    """How many were taken in that time and never reported on."""
    query = sa.select(sa.func.count()).where(
        status_is("accepted"), col(Message.accepted_at) >= since, col(Message.accepted_at) < until
    )
    return int(await session.scalar(query) or 0)


async def in_flight_since(session: AsyncSession, since: datetime) -> dict[str, datetime]:
    """When the oldest message of each gateway was taken that waits for a receipt, among those of that time."""
    m = Message
    query = sa.select(col(m.gateway), sa.func.min(col(m.accepted_at))).where(
        status_is("accepted"), col(m.accepted_at) >= since, col(m.gateway).is_not(None)
    )
    return {name: at for name, at in await session.execute(query.group_by(col(m.gateway))) if name and at}


async def counts(session: AsyncSession) -> dict[tuple[str, str], int]:
    """How many messages each gateway has in hand, by state; each count has an index of its own."""
    found: dict[tuple[str, str], int] = {}
    for state in IN_HAND:
        query = sa.select(col(Message.gateway), sa.func.count()).where(status_is(state))
        for name, count in await session.execute(query.group_by(col(Message.gateway))):
            found[name or "", state] = count
    return found


async def still_unknown(session: AsyncSession, ids: Iterable[UUID]) -> set[UUID]:
    query = sa.select(col(Message.id)).where(col(Message.id).in_(set(ids)), status_is("unknown"))
    return set((await session.scalars(query)).all())


def _queued(query: Any, gateway: str) -> Any:
    return query.where(status_is("queued"), Message.gateway == gateway)
