"""Taking replies from the inbox as they come."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.config import MessagingSettings
from services.messaging.inbound.usecases import forget_replies, take_replies
from services.messaging.receipts import repository as inbox
from services.messaging.receipts.models import INBOUND
from services.messaging.receipts.usecases import REPLIES
from shared import clock
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop

CHUNK = 100
LONGEST_NAP = 5.0


async def take_waiting_replies(runtime: Runtime, stop: asyncio.Event) -> None:
    """A batch a transaction, woken by the webhook's commit."""
    bell = runtime.database.bell(REPLIES)
    try:
        while not stop.is_set():
            async with runtime.database.reading() as session:
                ready = await inbox.has_waiting(session, INBOUND)
            if not ready:
                await bell.wait(LONGEST_NAP, stop)
                continue
            async with runtime.database.transaction() as session:
                await take_replies(session, now=clock.now(), limit=CHUNK)
    finally:
        bell.close()


def retention_jobs(settings: MessagingSettings) -> list[Job]:
    """Words and numbers of replies go when those of what was sent do."""

    async def forget_old_replies(session: AsyncSession, firing: Firing) -> bool:
        before = clock.months_before(firing.now, settings.messaging_retention_months)
        return await forget_replies(session, before, limit=CHUNK)

    return [Job("forget_old_replies", forget_old_replies, cron="45 3 * * *")]


LOOPS = [Loop("replies", take_waiting_replies)]
