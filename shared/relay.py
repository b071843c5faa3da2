"""From the outbox to the bus: one relay of a service at a time publishes, in the order of commits, then deletes.

A crash between publication and deletion publishes again with the same ids; consumers know them by their inbox.
"""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from shared import clock, leases, outbox
from shared.bus.port import Bus, BusUnavailable
from shared.database import Database, is_unavailable
from shared.ledger import OUTBOX

log = structlog.get_logger(__name__)

Rows = Sequence[Any]
_NONE: Rows = ()

BATCH = 2000
NEXT = outbox.IN_ORDER.limit(BATCH)
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
        """Publish what is there and return how many; 0 when another relay has the lease.

        While the bus takes one batch, the one before is deleted and the next is read. A batch goes out only once the
        one before was confirmed, so that the order of each key stays.
        """
        if not await self._lease.held():
            return 0
        published, gone, batch = 0, _NONE, await self._read(NEXT)
        while batch and await self._lease.held():
            beside = asyncio.ensure_future(self._delete_and_read(gone, batch))
            try:
                await self._bus.publish(outbox.messages_of(batch))
            finally:
                following = await beside
            published, gone, batch = published + len(batch), batch, following
        await self._delete(gone)
        return published

    async def _delete_and_read(self, gone: Rows, on_its_way: Rows) -> Rows:
        """What is behind the batch on its way, and what was committed late before it; nothing after the last batch."""
        await self._delete(gone)
        if len(on_its_way) < BATCH:
            return _NONE
        first, last = on_its_way[0].seq, on_its_way[-1].seq
        return await self._read(NEXT.where(sa.or_(OUTBOX.c.seq < first, OUTBOX.c.seq > last)))

    async def _read(self, query: "sa.Select[Any]") -> Rows:
        async with self._database.reading() as session:
            rows: Rows = (await session.execute(query)).all()
            return rows

    async def _delete(self, gone: Rows) -> None:
        if not gone:
            return
        numbers = [row[0] for row in gone]
        async with self._database.transaction() as session:
            if self._database.dialect == "postgresql":
                connection = await session.connection()
                await connection.exec_driver_sql("DELETE FROM outbox WHERE seq = ANY($1)", (numbers,))
            else:
                await session.execute(sa.delete(OUTBOX).where(OUTBOX.c.seq.in_(numbers)))


async def status(database: Database) -> dict[str, object]:
    """Waiting events and the age of the oldest in seconds, for operators and metrics."""
    async with database.reading() as session:
        count, oldest = await outbox.waiting(session)
    age = (clock.now() - oldest).total_seconds() if oldest else 0.0
    return {"service": database.service, "waiting": count, "oldest_seconds": round(age, 3)}
