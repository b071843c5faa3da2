"""Messages no handler could take: kept with their reason, said on `<service>.dead`, put back by an operator."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared import ids, outbox
from shared.bus.port import Fetched, Message
from shared.database import insert_new
from shared.ledger import DEAD_LETTERS, INBOX
from shared.phones import hide_numbers

LISTED = [c for c in DEAD_LETTERS.c if c.name not in ("headers", "value")]


async def bury(
    session: AsyncSession, message: Fetched, error: Exception, *, attempts: int, now: datetime
) -> None:
    """Keep the message with why it failed; the same record found again (a rebalance) is kept once."""
    row = {
        "id": ids.uuid7(),
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "key": message.key[:120],
        "headers": orjson.dumps(message.headers).decode(),
        "value": message.value,
        "error": type(error).__name__[:200],
        "reason": hide_numbers(str(error))[:2000],
        "attempts": attempts,
        "died_at": now,
        "replayed_at": None,
    }
    if await insert_new(session, DEAD_LETTERS, [row], key=["topic", "partition", "offset"]):
        outbox.add_message(session, _announcement(session.info["service"], message, row))


def _announcement(service: str, message: Fetched, row: dict[str, Any]) -> Message:
    headers = {
        **message.headers,
        "dead_topic": message.topic,
        "dead_partition": str(message.partition),
        "dead_offset": str(message.offset),
        "dead_error": row["error"],
        "dead_reason": row["reason"],
    }
    return Message(f"{service}.dead", message.key, headers, message.value)


async def listed(session: AsyncSession, *, replayed: bool = False, limit: int = 100) -> list[dict[str, Any]]:
    """Dead letters, the newest first, without their content."""
    query = sa.select(*LISTED).order_by(DEAD_LETTERS.c.died_at.desc(), DEAD_LETTERS.c.id.desc()).limit(limit)
    if not replayed:
        query = query.where(DEAD_LETTERS.c.replayed_at.is_(None))
    return [dict(row._mapping) for row in await session.execute(query)]


async def shown(session: AsyncSession, letter: uuid.UUID) -> dict[str, Any] | None:
    """One dead letter whole, its value as text."""
    row = (await session.execute(sa.select(DEAD_LETTERS).where(DEAD_LETTERS.c.id == letter))).first()
    if row is None:
        return None
    found = dict(row._mapping)
    found["headers"] = orjson.loads(found["headers"])
    found["value"] = found["value"].decode(errors="replace")
    return found


async def waiting(session: AsyncSession) -> int:
    """How many dead letters nobody has replayed yet."""
    count = sa.select(sa.func.count()).where(DEAD_LETTERS.c.replayed_at.is_(None))
    return int((await session.execute(count)).scalar_one())


async def erase(session: AsyncSession, ids: Collection[uuid.UUID]) -> None:
    """Throw away what was said of these people and nobody could handle."""
    await session.execute(sa.delete(DEAD_LETTERS).where(DEAD_LETTERS.c.key.in_([str(id_) for id_ in ids])))


async def replay(session: AsyncSession, letter: uuid.UUID, now: datetime) -> bool:
    """Put one dead letter back on its topic, once; other groups know it by their inbox. False when there is none."""
    mine = (DEAD_LETTERS.c.id == letter) & DEAD_LETTERS.c.replayed_at.is_(None)
    claim = sa.update(DEAD_LETTERS).where(mine).values(replayed_at=now).returning(DEAD_LETTERS)
    row = (await session.execute(claim)).first()
    if row is None:
        return False
    headers = orjson.loads(row.headers)
    await _forget(session, headers)
    outbox.add_message(session, Message(row.topic, row.key, headers, row.value))
    return True


async def _forget(session: AsyncSession, headers: dict[str, str]) -> None:
    """The effect of a dead letter never happened, so its id must not stand in the inbox."""
    try:
        event_id = uuid.UUID(headers.get("ce_id", ""))
    except ValueError:
        return
    mine = (INBOX.c.source == headers.get("ce_source", "")) & (INBOX.c.event_id == event_id)
    await session.execute(sa.delete(INBOX).where(mine))
