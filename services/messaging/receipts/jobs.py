"""Applying what gateways posted."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.dispatch.usecases import RECEIPTS
from services.messaging.receipts import repository, usecases
from services.messaging.receipts.models import RECEIPT
from shared import clock
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop

CHUNK = 500
LONGEST_NAP = 5.0


async def apply_waiting_receipts(runtime: Runtime, stop: asyncio.Event) -> None:
    """A batch a transaction, woken by the webhook's commit."""
    bell = runtime.database.bell(RECEIPTS)
    try:
        while not stop.is_set():
            async with runtime.database.reading() as session:
                ready = await repository.has_waiting(session, RECEIPT)
            if not ready:
                await bell.wait(LONGEST_NAP, stop)
                continue
            async with runtime.database.transaction() as session:
                await usecases.apply_receipts(session, now=clock.now(), limit=CHUNK)
    finally:
        bell.close()


async def match_parked_receipts(session: AsyncSession, firing: Firing) -> None:
    await usecases.match_parked(session, now=firing.now)


async def forget_old_callbacks(session: AsyncSession, firing: Firing) -> None:
    await repository.forget(session, firing.now - usecases.KEEP)


JOBS = [
    Job("match_parked_receipts", match_parked_receipts, every=timedelta(seconds=30)),
    Job("forget_old_callbacks", forget_old_callbacks, cron="50 3 * * *"),
]
LOOPS = [Loop("receipts", apply_waiting_receipts)]
