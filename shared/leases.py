"""Leases in the database: one holder of a name at a time, until it stops renewing.

Holders' clocks may differ; two who believe they hold a lease for a moment may do work twice, never lose it. What they
do must bear that.
"""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from shared import clock
from shared.database import Database
from shared.ledger import LEASES


class Lease:
    """This process's hold on `name`, renewed when half of it has passed."""

    def __init__(self, database: Database, name: str, token: uuid.UUID, length: timedelta) -> None:
        self._database, self._name, self._token, self._length = database, name, token, length
        self._until: datetime | None = None

    async def held(self) -> bool:
        """Take, keep or renew the lease; False while another token has it."""
        now = clock.now()
        if self._until is None or self._until - now < self._length / 2:
            self._until = now + self._length if await self._take(now) else None
        return self._until is not None

    async def _take(self, now: datetime) -> bool:
        insert = (postgresql if self._database.dialect == "postgresql" else sqlite).insert(LEASES)
        take = insert.values(name=self._name, token=self._token, until=now + self._length)
        free = sa.or_(LEASES.c.token == self._token, LEASES.c.until < now)
        take = take.on_conflict_do_update(
            index_elements=["name"], set_={"token": self._token, "until": now + self._length}, where=free
        )
        async with self._database.transaction() as session:
            return (await session.execute(take.returning(LEASES.c.name))).first() is not None

    async def release(self) -> None:
        """Let another take over at once."""
        mine = (LEASES.c.name == self._name) & (LEASES.c.token == self._token)
        async with self._database.transaction() as session:
            await session.execute(sa.delete(LEASES).where(mine))
        self._until = None
