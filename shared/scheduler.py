"""Clock-driven work: each firing happens once across all replicas, in the transaction of its own effects.

The row of a job remembers the last due time served; serving means moving it forward, which only one transaction can.
A worker that was down serves the latest due time it missed, not each of them: jobs look at their tables.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from cronsim import CronSim
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from shared import clock, context, ids
from shared.database import Database, is_unavailable
from shared.ledger import JOBS

if TYPE_CHECKING:
    from shared.runtime import Runtime

log = structlog.get_logger(__name__)

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
PAUSE_AFTER_FAILURE = 5.0


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing: when it is, and when it should have been."""

    now: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """Work by the clock: `every` so long, or by `cron` in Shanghai time. `run` returns True while there is more."""

    name: str
    run: Callable[[AsyncSession, Firing], Awaitable[bool | None]]
    every: timedelta | None = None
    cron: str | None = None

    def __post_init__(self) -> None:
        if (self.every is None) == (self.cron is None):
            raise ValueError(f"job {self.name} needs either `every` or `cron`")

    def due_before(self, now: datetime) -> datetime:
        """The latest due time not after `now`."""
        if self.every is not None:
            return EPOCH + (now - EPOCH) // self.every * self.every
        local = now.astimezone(clock.SHANGHAI)
        found: datetime = next(CronSim(self.cron or "", local + timedelta(minutes=1), reverse=True))
        while found > local:
            found = next(CronSim(self.cron or "", found, reverse=True))
        return found.astimezone(UTC)

    def due_after(self, now: datetime) -> datetime:
        if self.every is not None:
            return self.due_before(now) + self.every
        found: datetime = next(CronSim(self.cron or "", now.astimezone(clock.SHANGHAI)))
        return found.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Loop:
    """Work that calls out over the network and so cannot be a job: it owns its transactions and waits for a bell."""

    name: str
    run: Callable[["Runtime", asyncio.Event], Awaitable[None]]


class Scheduler:
    """Runs one service's jobs in this process."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database, self._jobs = database, jobs
        self.lateness: dict[str, float] = {job.name: 0.0 for job in jobs}

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for job in self._jobs:
                group.create_task(self._run_job(job, stop))

    async def _run_job(self, job: Job, stop: asyncio.Event) -> None:
        while not stop.is_set():
            pause = await self._serve(job)
            try:
                async with asyncio.timeout(pause):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _serve(self, job: Job) -> float:
        """Serve the latest due time if nobody has; seconds until the next look."""
        try:
            await self.fire(job, clock.now())
        except Exception as error:
            away = is_unavailable(error)
            log.log(
                30 if away else 40, "job.failed", job=job.name, reason=type(error).__name__, exc_info=not away
            )
            return PAUSE_AFTER_FAILURE
        now = clock.now()
        return max(0.01, (job.due_after(now) - now).total_seconds())

    async def fire(self, job: Job, now: datetime) -> bool:
        """Run the job if its latest due time is unserved; True when this call served it."""
        due = job.due_before(now)
        more: bool | None = True
        with context.working_for(correlation=str(ids.uuid7()), by=f"job:{job.name}"):
            async with self._database.transaction() as session:
                if not await _claim(session, job.name, due):
                    return False
                more = await job.run(session, Firing(now, due))
            while more:
                async with self._database.transaction() as session:
                    more = await job.run(session, Firing(clock.now(), due))
        self.lateness[job.name] = (now - due).total_seconds()
        return True


async def _claim(session: AsyncSession, name: str, due: datetime) -> bool:
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(JOBS)
    claim = insert.values(name=name, last_due=due).on_conflict_do_update(
        index_elements=["name"], set_={"last_due": due}, where=JOBS.c.last_due < due
    )
    return (await session.execute(claim.returning(JOBS.c.name))).first() is not None
