"""Taking replies from the inbox as they come."""

import asyncio

from services.messaging.inbound.usecases import take_replies
from services.messaging.receipts import repository as inbox
from services.messaging.receipts.models import INBOUND
from services.messaging.receipts.usecases import REPLIES
from shared import clock
from shared.runtime import Runtime
from shared.scheduler import Job, Loop

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


JOBS: list[Job] = []
LOOPS = [Loop("replies", take_waiting_replies)]
