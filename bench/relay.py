"""Draining the outbox to Kafka, beside a loop of plain aiokafka `send` with the same payloads."""

import time
import uuid
from datetime import UTC, date, datetime

from aiokafka import AIOKafkaProducer

from bench.engines import Engines
from bench.measure import compare
from shared import outbox
from shared.bus.kafka import KafkaBus
from shared.bus.port import Message
from shared.database import Database
from shared.events.customer import HallChanged
from shared.ledger import KERNEL
from shared.relay import Relay
from shared.testing.outboxes import said

EVENTS = 60_000


def an_event(number: int, keys: int = 500) -> HallChanged:
    return HallChanged(
        code=f"H{number % keys}",
        full_name="资中大十字营业厅",
        short_name="大十字营业厅",
        county="zizhong",
        county_name="资中",
        number="0832-5520000",
        effective_from=date(2026, 1, 1),
        version=number + 1,
        occurred_at=datetime(2026, 11, 25, tzinfo=UTC),
    )


async def run(engines: Engines) -> None:
    database = Database(engines.database("relay"), "customer")
    async with database.engine.begin() as connection:
        await connection.run_sync(KERNEL.create_all)
    bus = KafkaBus(engines.kafka)
    await bus.ensure_topics(["hall.changed"])
    relay, payloads = Relay(database, bus), await _fill(database)

    async def ours() -> float:
        if len(await said(database)) < EVENTS:
            await _fill(database)
        started = time.perf_counter()
        published = await relay.drain()
        return published / (time.perf_counter() - started)

    await compare("relay-drain", "events/s", 1.0, ours, lambda: _plain(engines.kafka, payloads))
    await bus.close()
    await database.close()


async def _fill(database: Database) -> list[Message]:
    for start in range(0, EVENTS, 1000):
        async with database.transaction() as session:
            outbox.add(session, *(an_event(n) for n in range(start, start + 1000)))
    return await said(database)


async def _plain(servers: str, messages: list[Message]) -> float:
    """What a program without an outbox does: `send` each with its headers, then wait for all."""
    name = uuid.uuid4().hex
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, acks="all", client_id=name
    )
    await producer.start()
    started = time.perf_counter()
    futures = [
        await producer.send(
            m.topic,
            key=m.key.encode(),
            value=m.value,
            headers=[(n, v.encode()) for n, v in m.headers.items()],
        )
        for m in messages
    ]
    for future in futures:
        await future
    took = time.perf_counter() - started
    await producer.stop()
    return len(messages) / took
