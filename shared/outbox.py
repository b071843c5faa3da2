"""Events a transaction will have said: collected by use cases, written as rows just before the commit.

Written last on purpose: by then the transaction holds the locks of the aggregates it speaks for, so that the order of
`seq` is the order of commits for each key. Publishing is the relay's work.
"""

from collections.abc import Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock, context, ids, last_writes, telemetry
from shared.bus.port import Message
from shared.events.base import Envelope, Event
from shared.ledger import OUTBOX

BELL = "outbox"
IN_ORDER = sa.select(*(OUTBOX.c[name] for name in ("seq", "topic", "key", "headers", "value"))).order_by(
    OUTBOX.c.seq
)


def add(session: AsyncSession, *events: Event) -> None:
    """Say these events if, and only if, the caller's transaction commits. Never flushes or commits."""
    service = session.info["service"]
    session.info.setdefault("outbox", []).extend(_row(_enveloped(event, service)) for event in events)


def add_message(session: AsyncSession, message: Message) -> None:
    """Put a message as it is on its way: a dead letter, or one that is replayed."""
    session.info.setdefault("outbox", []).append(_row(message))


def hand_over(session: AsyncSession) -> None:
    """Put what was collected among the transaction's last writes. The transaction calls this before its commit."""
    rows = session.info.pop("outbox", None)
    if rows:
        last_writes.add(session, OUTBOX, rows)
        session.info.setdefault("bells", set()).add(BELL)


def _enveloped(event: Event, service: str) -> Message:
    envelope = Envelope(
        id=ids.uuid7(),
        source=f"/{service}",
        type=event.topic,
        time=clock.now(),
        subject=event.key,
        version=event.version,
        correlation_id=context.correlation_id.get(),
        causation_id=context.causation_id.get(),
        actor=context.actor.get(),
        traceparent=telemetry.traceparent(),
    )
    return Message(event.topic, event.key, envelope.to_headers(), event.to_json())


def _row(message: Message) -> dict[str, Any]:
    return {
        "topic": message.topic,
        "key": message.key,
        "headers": orjson.dumps(message.headers).decode(),
        "value": message.value,
        "created_at": clock.now(),
    }


async def waiting(session: AsyncSession) -> tuple[int, Any]:
    """How many events wait for the relay, and since when the oldest has."""
    row = (await session.execute(sa.select(sa.func.count(), sa.func.min(OUTBOX.c.created_at)))).one()
    return int(row[0]), row[1]


def messages_of(rows: Iterable[Any]) -> list[Message]:
    """Rows of `IN_ORDER` as messages."""
    return [Message(topic, key, orjson.loads(headers), value) for _, topic, key, headers, value in rows]
