"""Saying the current state again, for a new or repaired consumer: chunk by chunk, resumable, asked for by an operator.

A service names what it can say again (`Resync`); asking writes a row, the worker's job says one chunk a transaction
and remembers where it is.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import upsert
from shared.ledger import RESYNCS
from shared.scheduler import Firing, Job


@dataclass(frozen=True, slots=True)
class Resync:
    """`chunk(session, after)` says the next events after the cursor and returns the new cursor, None at the end."""

    name: str
    chunk: Callable[[AsyncSession, str | None], Awaitable[str | None]]


async def ask(session: AsyncSession, name: str, now: datetime) -> None:
    """Start saying `name` again from the beginning."""
    row = {"name": name, "cursor": None, "asked_at": now}
    await upsert(session, RESYNCS, [row], key=["name"])


async def pending(session: AsyncSession) -> list[dict[str, object]]:
    return [dict(row._mapping) for row in await session.execute(sa.select(RESYNCS).order_by(RESYNCS.c.name))]


def job(resyncs: Sequence[Resync]) -> Job:
    """The job that serves what was asked for."""
    known = {resync.name: resync for resync in resyncs}

    async def say_again(session: AsyncSession, firing: Firing) -> bool:
        asked = sa.select(RESYNCS).order_by(RESYNCS.c.asked_at).limit(1).with_for_update(skip_locked=True)
        row = (await session.execute(asked.where(RESYNCS.c.name.in_(known)))).first()
        if row is None:
            return False
        cursor = await known[row.name].chunk(session, row.cursor)
        mine = RESYNCS.c.name == row.name
        if cursor is None:
            await session.execute(sa.delete(RESYNCS).where(mine))
        else:
            await session.execute(sa.update(RESYNCS).where(mine).values(cursor=cursor))
        return True

    return Job("say_again", say_again, every=timedelta(seconds=2))
