"""What a service has already handled: (source, id) of every event, for as long as any log may still repeat it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import insert_new
from shared.events.base import Envelope, Event
from shared.ledger import INBOX

E = TypeVar("E", bound=Event)

KEEP = timedelta(days=60)


class Delivery(NamedTuple, Generic[E]):
    """One event as a handler gets it, with the time at which it is handled."""

    event: E
    envelope: Envelope
    now: datetime


async def receive(
    session: AsyncSession, deliveries: Sequence[Delivery[Event]], now: datetime
) -> list[Delivery[Event]]:
    """Note the ids and return the deliveries that are new, in their order, each id once."""
    rows = [{"source": d.envelope.source, "event_id": d.envelope.id, "handled_at": now} for d in deliveries]
    new = await insert_new(session, INBOX, rows, key=["source", "event_id"])
    if len(new) == len(rows):
        return list(deliveries)
    fresh = []
    for delivery in deliveries:
        identity = (delivery.envelope.source, delivery.envelope.id)
        if identity in new:
            new.remove(identity)
            fresh.append(delivery)
    return fresh


async def forget(session: AsyncSession, now: datetime) -> None:
    """Drop ids older than any topic keeps its messages (7 days) with a wide margin for replays."""
    await session.execute(sa.delete(INBOX).where(INBOX.c.handled_at < now - KEEP))
