"""From one service's commit to another's: app, relay and consumer are processes of their own, as in the house.

Fifty events a second, each in a transaction of its own; time stops when the consumer's transaction has committed.
"""

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvloop

from bench.consumer import METADATA, project_halls
from bench.engines import Engines
from bench.measure import say
from bench.relay import an_event
from deploy.serving import collect_garbage_seldom
from shared import outbox
from shared.bus.kafka import KafkaBus
from shared.bus.port import Fetched
from shared.consumer import Consumer, Delivery
from shared.database import Database
from shared.events.base import Event
from shared.events.customer import HallChanged
from shared.ledger import KERNEL
from shared.relay import Relay

RATE, EVENTS, WARM_UP = 50, 1000, 150
GOAL_MS = 30
FIRST = 1_000_000
"""Our numbers begin where no other benchmark's end: they may have left theirs on the topic."""
PROBES = range(FIRST - 60, FIRST)
"""Enough keys to reach every partition."""


async def run(engines: Engines) -> None:
    said, heard = engines.database("latency_said"), engines.database("latency_heard")
    await _tables(said)
    await _tables(heard)
    bus = KafkaBus(engines.kafka)
    await bus.ensure_topics([HallChanged.topic])
    await bus.close()
    with tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "handled"
        with _process("relay", said, engines.kafka, times), _process("consume", heard, engines.kafka, times):
            committed = await _say(said, times)
        handled = dict(_read(times))
    late = sorted((handled[n] - at) * 1000 for n, at in committed.items() if n >= FIRST + WARM_UP)
    cuts = statistics.quantiles(late, n=100)
    line = {"bench": "event-latency", "unit": "ms", "p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}
    say(
        json.dumps(
            {**line, "worst": round(late[-1], 1), "goal_p99": GOAL_MS, "rate": RATE, "events": len(late)}
        )
    )


async def _say(url: str, times: Path) -> dict[int, float]:
    """Commit the events at their pace, note when each commit came back, and wait until all were handled."""
    database, committed = Database(url, "customer"), dict[int, float]()
    await _until_probes_arrive(database, times)
    begin = time.perf_counter()
    for number in range(FIRST, FIRST + EVENTS + WARM_UP):
        await asyncio.sleep(max(0.0, begin + (number - FIRST) / RATE - time.perf_counter()))
        async with database.transaction() as session:
            outbox.add(session, an_event(number, keys=EVENTS))
        committed[number] = time.time()
    async with asyncio.timeout(60):
        while not set(committed) <= set(dict(_read(times))):
            await asyncio.sleep(0.2)
    await database.close()
    return committed


async def _until_probes_arrive(database: Database, times: Path) -> None:
    """The others have started, and read what was there before, once an event of every partition goes all the way."""
    async with database.transaction() as session:
        outbox.add(session, *(an_event(number, keys=EVENTS) for number in PROBES))
    async with asyncio.timeout(120):
        while not times.exists() or not set(PROBES) <= set(dict(_read(times))):
            await asyncio.sleep(0.5)


async def _tables(url: str) -> None:
    database = Database(url, "customer")
    async with database.engine.begin() as connection:
        await connection.run_sync(KERNEL.create_all)
        await connection.run_sync(METADATA.create_all)
    await database.close()


def _read(times: Path) -> Iterator[tuple[int, float]]:
    for line in times.read_text().splitlines():
        number, _, at = line.partition(" ")
        if at:
            yield int(number), float(at)


@contextmanager
def _process(part: str, url: str, kafka: str, times: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.latency", part, url, kafka, str(times)], env=os.environ
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


class _Timed(Consumer):
    """Writes down when the transaction of each event was committed."""

    def __init__(self, database: Database, bus: KafkaBus, times: Path) -> None:
        super().__init__(database, bus, {HallChanged: [project_halls]})
        self._times = times.open("a", buffering=1)

    async def handle(
        self, messages: Sequence[Fetched], deliveries: Sequence[Delivery[Event]] | None = None
    ) -> None:
        await super().handle(messages, deliveries)
        at = time.time()
        versions = (int(message.headers["ce_aggregateversion"]) for message in messages)
        self._times.write("".join(f"{version - 1} {at}\n" for version in versions))


async def _work(part: str, url: str, kafka: str, times: Path) -> None:
    """The other two processes."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    name = "customer" if part == "relay" else f"latency-{uuid.uuid4().hex[:8]}"
    database, bus = Database(url, name), KafkaBus(kafka)
    await database.listen()
    await (Relay(database, bus) if part == "relay" else _Timed(database, bus, times)).run(stop)
    await bus.close()
    await database.close()


if __name__ == "__main__":
    collect_garbage_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
