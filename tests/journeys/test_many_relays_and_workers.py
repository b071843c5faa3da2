"""Two relays and three workers of one service on Kafka and PostgreSQL: nothing lost, nothing twice, order per key."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from deploy.native.kafka import Kafka
from shared import dead_letters, outbox
from shared.bus.kafka import KafkaBus
from shared.bus.port import Fetched
from shared.consumer import Consumer, Delivery, Handlers
from shared.database import Database
from shared.events.customer import HallChanged
from shared.relay import Relay
from tests.engines import databases
from tests.shared.kernel import AT, SCRATCH, a_hall_changed, make_tables

KEYS, VERSIONS = 20, 40
TOPIC = HallChanged.topic

pytestmark = [pytest.mark.journey, pytest.mark.kafka, pytest.mark.postgresql]


async def note_hall(session: AsyncSession, delivery: Delivery[HallChanged]) -> None:
    """Fails on a second effect: the word is unique. The ids of one key's words rise as they were handled."""
    word = f"{delivery.event.code}/{delivery.event.version}"
    await session.execute(
        sa.insert(SCRATCH).values(word=word, version=delivery.event.version, tags=[], at=AT)
    )


HANDLERS: Handlers = {HallChanged: [note_hall]}


@pytest.fixture
async def service_database(unique: str) -> AsyncIterator[Database]:
    """Its own service, and so a group of its own on the shared broker."""
    opened = Database(databases.empty_postgresql(), unique)
    await make_tables(opened)
    yield opened
    await opened.close()
    databases.drop_postgresql(opened.url)


@asynccontextmanager
async def replica(database: Database, kafka: Kafka, *, relays: bool) -> AsyncIterator[None]:
    """A worker's consumer, and perhaps its relay, with connections of their own; broken off at the end."""
    own = Database(database.url, database.service)
    bus = KafkaBus(kafka.servers)
    never, consumer = asyncio.Event(), Consumer(own, bus, HANDLERS, batch=50)
    tasks = [asyncio.create_task(consumer.run(never))]
    tasks += [asyncio.create_task(Relay(own, bus).run(never))] if relays else []
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        if consumer.subscription is not None:
            await consumer.subscription.close()
        await bus.close()
        await own.close()


async def test_each_event_is_published_and_has_one_effect_in_the_order_of_its_key(
    service_database: Database, kafka: Kafka, unique: str
) -> None:
    database = service_database
    bus = KafkaBus(kafka.servers)
    await bus.ensure_topics([TOPIC, f"{unique}.dead"])
    async with AsyncExitStack() as lasting:
        async with replica(database, kafka, relays=True):
            await lasting.enter_async_context(replica(database, kafka, relays=True))
            await say_all(database, unique, range(1, VERSIONS // 2))
            await lasting.enter_async_context(replica(database, kafka, relays=False))
            await until_handled(database, KEYS)
        await say_all(database, unique, range(VERSIONS // 2, VERSIONS + 1))
        await until_handled(database, KEYS * VERSIONS)
    for versions in (await handled(database)).values():
        assert versions == list(range(1, VERSIONS + 1))
    async with database.reading() as session:
        assert await dead_letters.waiting(session) == 0
    published = {(m.key, int(m.headers["ce_aggregateversion"])) for m in await on_the_topic(bus, unique)}
    assert published == {(code(unique, k), v) for k in range(KEYS) for v in range(1, VERSIONS + 1)}
    await bus.close()


def code(unique: str, key: int) -> str:
    return f"{unique}-{key}"


async def say_all(database: Database, unique: str, versions: range) -> None:
    """Each key's versions one after the other, the keys at the same time: as many requests would."""

    async def say(key: int) -> None:
        for version in versions:
            async with database.transaction() as session:
                outbox.add(session, a_hall_changed(code(unique, key), version=version))

    await asyncio.gather(*(say(key) for key in range(KEYS)))


async def until_handled(database: Database, count: int) -> None:
    async with asyncio.timeout(60):
        while sum(map(len, (await handled(database)).values())) < count:
            await asyncio.sleep(0.1)


async def handled(database: Database) -> dict[str, list[int]]:
    """The versions of each key in the order in which they were handled."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    async with database.reading() as session:
        for word in await session.scalars(sa.select(SCRATCH.c.word).order_by(SCRATCH.c.id)):
            key, _, version = word.rpartition("/")
            found[key].append(int(version))
    return found


async def on_the_topic(bus: KafkaBus, unique: str) -> list[Fetched]:
    """All there is of this test on the topic, read by a group of its own."""
    subscription = await bus.subscribe(f"{unique}-reader", [TOPIC])
    found: list[Fetched] = []
    async with asyncio.timeout(30):
        while await subscription.lag() != 0 or not found:
            found += (await subscription.fetch(1000, 0.5)).messages
    await subscription.close()
    return [message for message in found if message.key.startswith(unique)]
