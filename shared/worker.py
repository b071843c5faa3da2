"""One service's background work in one process: consumer, relay, jobs and loops, and how they stop.

Stopping drains: the batch in hand is finished, loops put down what they hold, then the relay publishes what is left.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from shared import dead_letters, erasure, idempotency, inbox, relay, resync
from shared.bus.port import BusUnavailable
from shared.consumer import Consumer, Handlers
from shared.database import is_unavailable
from shared.events.registry import EVENTS
from shared.relay import Relay
from shared.resync import Resync
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop, Scheduler

log = structlog.get_logger(__name__)

RESTART_SECONDS = 1.0
GAUGES_SECONDS = 5.0


class Worker:
    """What `services/<name>/worker.py` builds. Any number of them may run; they share the work through the database."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        handlers: Handlers,
        jobs: Sequence[Job] = (),
        loops: Sequence[Loop] = (),
        resyncs: Sequence[Resync] = (),
    ) -> None:
        self.runtime, self._loops = runtime, loops
        own = [Job("forget_what_is_old", _forget_what_is_old, cron="17 4 * * *")]
        own += [resync.job(resyncs)] if resyncs else []
        self.consumer = Consumer(runtime.database, runtime.bus, handlers)
        self.relay = Relay(runtime.database, runtime.bus)
        self.scheduler = Scheduler(runtime.database, [*jobs, *own])

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then drain for at most the setting `drain_seconds`."""
        await self.runtime.database.listen()
        relay_stop = asyncio.Event()
        parts: list[tuple[str, Callable[[asyncio.Event], Awaitable[None]]]] = [
            ("consumer", self.consumer.run),
            ("scheduler", self.scheduler.run),
            *((loop.name, lambda s, loop=loop: loop.run(self.runtime, s)) for loop in self._loops),
            ("gauges", self._feed_gauges),
            ("scrubbing", self._scrub),
        ]
        await self._ensure_topics(stop)
        working = [asyncio.create_task(_kept_running(name, part, stop), name=name) for name, part in parts]
        relaying = asyncio.create_task(_kept_running("relay", self.relay.run, relay_stop), name="relay")
        await stop.wait()
        await self._finish(working)
        relay_stop.set()
        await self._finish([relaying])

    async def _finish(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        _done, late = await asyncio.wait(tasks, timeout=self.runtime.settings.drain_seconds)
        for task in late:
            log.warning("worker.cut_short", service=self.runtime.service, part=task.get_name())
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ensure_topics(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                return await self.runtime.bus.ensure_topics([*EVENTS, f"{self.runtime.service}.dead"])
            except BusUnavailable as error:
                log.warning("worker.bus_unavailable", service=self.runtime.service, reason=str(error)[:200])
                await asyncio.sleep(1)

    async def _scrub(self, stop: asyncio.Event) -> None:
        """After somebody was erased: nothing of them is to be found in the files either."""
        bell, owed = self.runtime.database.bell(erasure.BELL), False
        try:
            while not stop.is_set():
                owed = await bell.wait(GAUGES_SECONDS, stop) or owed
                owed = owed and not await self.runtime.database.scrub()
        finally:
            bell.close()

    async def _feed_gauges(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.measure()
            try:
                async with asyncio.timeout(GAUGES_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue

    async def measure(self) -> None:
        """Feed the gauges an operator's alarms look at."""
        metrics, service = self.runtime.metrics, self.runtime.service
        waiting = await relay.status(self.runtime.database)
        metrics.outbox_waiting.labels(service).set(float(str(waiting["waiting"])))
        metrics.outbox_lag_seconds.labels(service).set(float(str(waiting["oldest_seconds"])))
        async with self.runtime.database.reading() as session:
            metrics.dead_letters.labels(service).set(await dead_letters.waiting(session))
        if self.consumer.subscription is not None:
            metrics.consumer_lag.labels(service).set(await self.consumer.subscription.lag())
        for job, seconds in self.scheduler.lateness.items():
            metrics.timer_lateness_seconds.labels(service, job).set(seconds)


async def _kept_running(
    name: str, part: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
) -> None:
    """A part that fails is started again: one bug must not silence the rest of the worker."""
    while not stop.is_set():
        try:
            return await part(stop)
        except Exception as error:
            log.log(30 if is_unavailable(error) else 40, "worker.part_failed", part=name, exc_info=True)
            await asyncio.sleep(RESTART_SECONDS)


async def _forget_what_is_old(session: AsyncSession, firing: Firing) -> None:
    await inbox.forget(session, firing.now)
    await idempotency.forget(session, firing.now)
