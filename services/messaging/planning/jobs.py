"""Releasing held messages when their hour comes, and looking for deadlines that passed."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.messages import repository as messages
from services.messaging.messages.usecases import RELEASE
from services.messaging.planning.usecases import introduce
from services.messaging.planning.usecases.recheck import release_held
from shared import clock
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop

CHUNK = 500
LONGEST_NAP = 15.0
PATIENCE = timedelta(hours=24)
"""How long an intent waits for its customer or hall to become known."""


async def release_held_messages(runtime: Runtime, stop: asyncio.Event) -> None:
    """Sleeps until the next held message is due; a new one rings the bell."""
    bell = runtime.database.bell(RELEASE)
    try:
        while not stop.is_set():
            seconds = await _until_next(runtime)
            if seconds > 0:
                await bell.wait(seconds, stop)
                continue
            async with runtime.database.transaction() as session:
                await release_held(session, now=clock.now(), limit=CHUNK)
    finally:
        bell.close()


async def _until_next(runtime: Runtime) -> float:
    """Seconds until a held message is due, at most a nap: another process may hold messages without our hearing."""
    async with runtime.database.reading() as session:
        at = await messages.next_held_at(session)
    return LONGEST_NAP if at is None else min(LONGEST_NAP, (at - clock.now()).total_seconds())


async def miss_overdue_intros(session: AsyncSession, firing: Firing) -> bool:
    return await introduce.miss_overdue(session, now=firing.now, limit=CHUNK)


async def give_up_planned_messages(session: AsyncSession, firing: Firing) -> bool:
    return await introduce.give_up_planned(session, before=firing.now - PATIENCE, now=firing.now, limit=CHUNK)


JOBS = [
    Job("miss_overdue_intros", miss_overdue_intros, every=timedelta(minutes=1)),
    Job("give_up_planned_messages", give_up_planned_messages, every=timedelta(minutes=10)),
]
LOOPS = [Loop("release", release_held_messages)]
