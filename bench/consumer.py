"""A consumer with inbox and one projection write, beside a bare batched upsert of the same rows."""

import time
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from bench.engines import Engines
from bench.measure import compare
from bench.relay import an_event
from shared import clock, ids
from shared.bus.kafka import KafkaBus
from shared.bus.port import Message
from shared.columns import NAMING
from shared.consumer import BATCH, Consumer, Delivery, bulk
from shared.database import Database, upsert
from shared.events.base import Envelope
from shared.events.customer import HallChanged
from shared.ledger import KERNEL

EVENTS = 20_000
METADATA = sa.MetaData(naming_convention=NAMING)
HALLS = sa.Table(
    "halls",
    METADATA,
    sa.Column("code", sa.String(64), primary_key=True),
    sa.Column("full_name", sa.String(80), nullable=False),
    sa.Column("county", sa.String(64), nullable=False),
    sa.Column("number", sa.String(40), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)


_INSERT = postgresql.insert(HALLS)
PLAIN = _INSERT.on_conflict_do_update(
    index_elements=["code"],
    set_={c: _INSERT.excluded[c] for c in ("full_name", "county", "number", "version")},
    where=HALLS.c.version < _INSERT.excluded.version,
)


def _row(event: HallChanged) -> dict[str, object]:
    return event.model_dump(include={"code", "full_name", "county", "number", "version"})


@bulk
async def project_halls(session: AsyncSession, deliveries: Sequence[Delivery[HallChanged]]) -> None:
    await upsert(session, HALLS, [_row(d.event) for d in deliveries], key=["code"], newer_by="version")


async def run(engines: Engines) -> None:
    database = Database(engines.database("consumer"), "kpi")
    async with database.engine.begin() as connection:
        await connection.run_sync(KERNEL.create_all)
        await connection.run_sync(METADATA.create_all)
    bus = KafkaBus(engines.kafka)
    await bus.ensure_topics(["hall.changed"])

    async def ours() -> float:
        """Publish, join the group, then time from the first batch to the last commit."""
        async with database.engine.begin() as connection:
            await connection.execute(sa.delete(HALLS))
        consumer = Consumer(database, bus, {HallChanged: [project_halls]})
        consumer.subscription = await bus.subscribe(f"kpi-{uuid.uuid4().hex}", ["hall.changed"])
        await _read_to_the_end(consumer)
        await bus.publish(_messages())
        started, handled = time.perf_counter(), 0
        while handled < EVENTS:
            handled += await consumer.step(timeout=1.0)
        took = time.perf_counter() - started
        await consumer.close()
        return handled / took

    async def bare() -> float:
        async with database.engine.begin() as connection:
            await connection.execute(sa.delete(HALLS))
        rows = [_row(an_event(n, keys=EVENTS)) for n in range(EVENTS)]
        started = time.perf_counter()
        for start in range(0, EVENTS, BATCH):
            async with AsyncSession(database.engine) as session, session.begin():
                await session.execute(PLAIN, rows[start : start + BATCH])
        return EVENTS / (time.perf_counter() - started)

    await compare("consumer-projection", "events/s", 0.5, ours, bare)
    await bus.close()
    await database.close()


async def _read_to_the_end(consumer: Consumer) -> None:
    while await consumer.step(timeout=3.0):
        pass


def _messages() -> list[Message]:
    now, messages = clock.now(), []
    for number in range(EVENTS):
        event = an_event(number, keys=EVENTS)
        envelope = Envelope(ids.uuid7(), "/customer", event.topic, now, event.key, event.version)
        messages.append(Message(event.topic, event.key, envelope.to_headers(), event.to_json()))
    return messages
