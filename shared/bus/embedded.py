"""Kafka's contract in small: an append-only log in one SQLite file, with an offset per consumer group and topic.

For one process. Every append is on disk before `publish` returns; a group reads on from its last commit.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import aiosqlite
import orjson

from shared.bus.port import Batch, BusUnavailable, Fetched, Message, Subscription
from shared.wakeups import Wakeups

BELL = "bus"
PRUNED_EVERY = 3600.0
SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    offset INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL, key TEXT NOT NULL, headers TEXT NOT NULL, value BLOB NOT NULL,
    at TEXT NOT NULL DEFAULT (datetime('now')));
CREATE TABLE IF NOT EXISTS positions (
    grp TEXT NOT NULL, topic TEXT NOT NULL, read_to INTEGER NOT NULL, PRIMARY KEY (grp, topic)) WITHOUT ROWID;
"""
PRUNE = """
DELETE FROM log WHERE at < datetime('now', ?)
AND offset <= COALESCE((SELECT MIN(read_to) FROM positions p WHERE p.topic = log.topic), offset)
"""


class EmbeddedBus:
    """The log of one process; `deploy.embedded` sees to it that no second process opens the same data folder."""

    def __init__(self, path: Path, *, wakeups: Wakeups | None = None, keep_days: int = 7) -> None:
        self._path, self._keep = path, f"-{keep_days} days"
        self.wakeups = wakeups or Wakeups()
        self._connection: aiosqlite.Connection | None = None
        self._pruned_at = time.monotonic()
        self._opening = asyncio.Lock()

    async def connection(self) -> aiosqlite.Connection:
        async with self._opening:
            if self._connection is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                connection = await aiosqlite.connect(self._path, isolation_level=None)
                await connection.execute("PRAGMA busy_timeout=30000")
                await connection.execute("PRAGMA journal_mode=WAL")
                await connection.execute("PRAGMA synchronous=FULL")
                await connection.execute("PRAGMA secure_delete=ON")
                await connection.executescript(SCHEMA)
                self._connection = connection
        return self._connection

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Topics need no making here; what every group has read and is older than a week goes."""
        await self._prune()

    async def publish(self, messages: Sequence[Message]) -> None:
        connection = await self.connection()
        rows = [(m.topic, m.key, orjson.dumps(m.headers).decode(), m.value) for m in messages]
        try:
            # One statement, one commit: the connection is in autocommit, executemany would sync once a row.
            values = ",".join(["(?,?,?,?)"] * len(rows))
            flat = [cell for row in rows for cell in row]
            await connection.execute(f"INSERT INTO log (topic, key, headers, value) VALUES {values}", flat)
        except (aiosqlite.OperationalError, ValueError) as error:
            raise BusUnavailable(str(error)) from error
        self.wakeups.ring(BELL)
        if time.monotonic() - self._pruned_at > PRUNED_EVERY:
            await self._prune()

    async def _prune(self) -> None:
        self._pruned_at = time.monotonic()
        connection = await self.connection()
        await connection.execute(PRUNE, (self._keep,))

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        return _Reader(self, group, tuple(topics))

    async def check(self) -> bool:
        connection = await self.connection()
        await connection.execute("SELECT 1")
        return True

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


class _Reader:
    """A group's only member: its topics advance together, since a fetch looks at all of them up to one offset."""

    def __init__(self, bus: EmbeddedBus, group: str, topics: tuple[str, ...]) -> None:
        self._bus, self._group, self._topics = bus, group, topics
        self._bell = bus.wakeups.bell(BELL)
        self._read_to: dict[str, int] | None = None
        self._marks = ",".join("?" * len(topics))

    async def fetch(self, limit: int, timeout: float) -> Batch:
        found = await self._next(limit)
        if not found and timeout > 0:
            await self._bell.wait(timeout)
            found = await self._next(limit)
        return Batch(found, self._read_to or {})

    async def _next(self, limit: int) -> list[Fetched]:
        if not self._topics:
            return []
        read_to = await self._positions()
        low = min(read_to.values())
        connection = await self._bus.connection()
        sql = (
            "SELECT offset, topic, key, headers, value FROM log "
            f"WHERE offset > ? AND topic IN ({self._marks}) ORDER BY offset LIMIT ?"
        )
        rows = await connection.execute_fetchall(sql, (low, *self._topics, limit))
        found = [
            Fetched(topic, key, orjson.loads(headers), value, 0, offset)
            for offset, topic, key, headers, value in rows
            if offset > read_to[topic]
        ]
        if rows:
            last = max(row[0] for row in rows)
            self._read_to = {t: max(at, last) for t, at in read_to.items()}
        return found if found or not rows else await self._next(limit)

    async def _positions(self) -> dict[str, int]:
        if self._read_to is None:
            connection = await self._bus.connection()
            sql = f"SELECT topic, read_to FROM positions WHERE grp = ? AND topic IN ({self._marks})"
            rows = await connection.execute_fetchall(sql, (self._group, *self._topics))
            known = {str(topic): int(at) for topic, at in rows}
            self._read_to = {topic: known.get(topic, 0) for topic in self._topics}
        return self._read_to

    async def commit(self, batch: Batch) -> None:
        if not batch.place:
            return
        connection = await self._bus.connection()
        values = ",".join(["(?,?,?)"] * len(batch.place))
        flat = [cell for topic, at in batch.place.items() for cell in (self._group, topic, at)]
        await connection.execute(
            f"INSERT INTO positions (grp, topic, read_to) VALUES {values} "
            "ON CONFLICT (grp, topic) DO UPDATE SET read_to = MAX(read_to, excluded.read_to)",
            flat,
        )

    async def rewind(self) -> None:
        self._read_to = None

    async def lag(self) -> int:
        if not self._topics:
            return 0
        connection = await self._bus.connection()
        sql = (
            "SELECT COUNT(*) FROM log LEFT JOIN positions p ON p.grp = ? AND p.topic = log.topic "
            f"WHERE log.topic IN ({self._marks}) AND log.offset > COALESCE(p.read_to, 0) "
            "AND log.offset > (SELECT COALESCE(MIN(read_to), 0) FROM positions WHERE grp = ?)"
        )
        rows = list(await connection.execute_fetchall(sql, (self._group, *self._topics, self._group)))
        return int(rows[0][0])

    async def close(self) -> None:
        self._bell.close()
