"""From the outbox to the bus: one relay of a service at a time publishes, in the order of commits, then deletes.

A crash between publication and deletion publishes again with the same ids; consumers know them by their inbox.
"""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
import structlog

from shared import clock, leases, outbox
from shared.bus.port import Bus, BusUnavailable
from shared.database import Database, is_unavailable
from shared.ledger import OUTBOX

log = structlog.get_logger(__name__)

BATCH = 1000
_NEEDED = [OUTBOX.c[name] for name in ("seq", "topic", "key", "headers", "value")]
NEXT = sa.select(*_NEEDED).order_by(OUTBOX.c.seq).limit(BATCH)
IDLE_SECONDS = 1.0
LEASE = timedelta(seconds=5)


class Relay:
    """Drains one service's outbox while it holds the lease `relay`; the others wait for the lease to lapse."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._lease = leases.Lease(database, "relay", uuid.uuid4(), LEASE)

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; what is in the outbox then is still published, unless the bus is down."""
        bell = self._database.bell(outbox.BELL)
        try:
            while not stop.is_set():
                if not await self._try_drain():
                    await bell.wait(IDLE_SECONDS)
            await self._try_drain()
            await self._lease.release()
        finally:
            bell.close()

    async def _try_drain(self) -> bool:
        try:
            return await self.drain() > 0
        except BusUnavailable as error:
            log.warning("relay.bus_unavailable", reason=str(error)[:200])
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("relay.database_unavailable", reason=type(error).__name__)
        return False

    async def drain(self) -> int:
        """Publish what is there, batch by batch, and return how many; 0 when another relay has the lease."""
        published = 0
        while await self._lease.held():
            count = await self._publish_batch()
            published += count
            if count < BATCH:
                break
        return published

    async def _publish_batch(self) -> int:
        async with self._database.reading() as session:
            rows = (await session.execute(NEXT)).all()
        if not rows:
            return 0
        await self._bus.publish(outbox.messages_of(rows))
        await self._delete([row.seq for row in rows])
        return len(rows)

    async def _delete(self, published: Sequence[int]) -> None:
        async with self._database.transaction() as session:
            if self._database.dialect == "postgresql":
                gone = OUTBOX.c.seq == sa.any_(sa.cast(list(published), sa.ARRAY(sa.BigInteger)))
            else:
                gone = OUTBOX.c.seq.in_(published)
            await session.execute(sa.delete(OUTBOX).where(gone))


async def status(database: Database) -> dict[str, object]:
    """Waiting events and the age of the oldest in seconds, for operators and metrics."""
    async with database.reading() as session:
        count, oldest = await outbox.waiting(session)
    age = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return {"service": database.service, "waiting": count, "oldest_seconds": round(age, 3)}
