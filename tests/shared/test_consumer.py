"""Handled once: repeats, crashes, poison and outages change neither the number of effects nor their neighbours."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import consumer as loops
from shared import dead_letters, outbox
from shared.bus.port import Message
from shared.consumer import Consumer, Delivery, Handlers, bulk
from shared.database import Database, insert_rows
from shared.events.customer import ClerkChanged, HallChanged
from shared.relay import Relay
from shared.testing.buses import RecordingBus
from shared.testing.outboxes import said
from tests.shared.kernel import SCRATCH, a_clerk_changed, a_hall_changed

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "RETRY_SECONDS", (0.0,))
    monkeypatch.setattr(loops, "OUTAGE_SECONDS", (0.0,))


async def note(session: AsyncSession, word: str) -> None:
    number = (await session.execute(sa.select(sa.func.count()).select_from(SCRATCH))).scalar_one()
    row = {"id": number, "word": word, "version": 1, "tags": [], "at": NOW}
    await insert_rows(session, SCRATCH, [row])


async def note_hall(session: AsyncSession, delivery: Delivery[HallChanged]) -> None:
    await note(session, f"{delivery.event.code}/{delivery.event.version}")


HANDLERS: Handlers = {HallChanged: [note_hall]}


async def words(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(SCRATCH.c.word).order_by(SCRATCH.c.id)))


async def publish(database: Database, bus: RecordingBus, *events: HallChanged | ClerkChanged) -> None:
    async with database.transaction() as session:
        outbox.add(session, *events)
    await relay_all(database, bus)


async def relay_all(database: Database, bus: RecordingBus) -> None:
    relay = Relay(database, bus)
    await relay.drain()
    await relay._lease.release()


async def consume(database: Database, bus: RecordingBus, handlers: Handlers = HANDLERS) -> None:
    consumer = Consumer(database, bus, handlers)
    while await consumer.step(timeout=0):
        pass


async def test_the_same_event_ten_times_has_one_effect(kernel_database: Database) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, a_hall_changed("H1"))
    bus.published *= 10
    await consume(kernel_database, bus)
    await consume(kernel_database, bus)
    assert await words(kernel_database) == ["H1/1"]


async def test_a_repeat_in_a_later_batch_has_no_second_effect(kernel_database: Database) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, a_hall_changed("H1"))
    await consume(kernel_database, bus)
    bus.published.append(bus.published[0])
    await consume(kernel_database, bus)
    assert await words(kernel_database) == ["H1/1"]


async def test_a_crash_before_the_commit_of_the_offset_has_no_second_effect(
    kernel_database: Database,
) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, a_hall_changed("H1"), a_hall_changed("H2"))
    first = Consumer(kernel_database, bus, HANDLERS)
    subscription = await bus.subscribe("customer", first.topics)
    await first.handle((await subscription.fetch(10, 0)).messages)
    await consume(kernel_database, bus)
    assert await words(kernel_database) == ["H1/1", "H2/1"]


async def test_events_of_one_topic_are_handled_in_their_order(kernel_database: Database) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, *(a_hall_changed("H1", version=n) for n in range(1, 30)))
    await consume(kernel_database, bus)
    assert await words(kernel_database) == [f"H1/{n}" for n in range(1, 30)]


async def test_a_bulk_handler_gets_the_batch_at_once(kernel_database: Database) -> None:
    sizes: list[int] = []

    @bulk
    async def project(session: AsyncSession, deliveries: list[Delivery[HallChanged]]) -> None:
        sizes.append(len(deliveries))

    bus = RecordingBus()
    await publish(kernel_database, bus, *(a_hall_changed(f"H{n}") for n in range(40)), a_clerk_changed("C1"))
    await consume(kernel_database, bus, {HallChanged: [project]})
    assert sizes == [40]


async def test_poison_becomes_a_dead_letter_with_its_reason_and_its_neighbours_go_on(
    kernel_database: Database,
) -> None:

    async def refuse_h2(session: AsyncSession, delivery: Delivery[HallChanged]) -> None:
        await note_hall(session, delivery)
        if delivery.event.code == "H2":
            raise RuntimeError("刘先生 13912345678 cannot be read")

    bus = RecordingBus()
    await publish(kernel_database, bus, *(a_hall_changed(f"H{n}") for n in range(1, 4)))
    await consume(kernel_database, bus, {HallChanged: [refuse_h2]})
    assert await words(kernel_database) == ["H1/1", "H3/1"]
    async with kernel_database.reading() as session:
        (letter,) = await dead_letters.listed(session)
    assert (letter["topic"], letter["offset"], letter["error"]) == ("hall.changed", 1, "RuntimeError")
    assert "13912345678" not in letter["reason"]
    assert [(m.topic, m.headers["dead_topic"]) for m in await said(kernel_database)] == [
        ("customer.dead", "hall.changed")
    ]


async def test_a_replayed_dead_letter_has_its_effect_once(kernel_database: Database) -> None:
    broken = True

    async def refuse_while_broken(session: AsyncSession, delivery: Delivery[HallChanged]) -> None:
        if broken:
            raise RuntimeError
        await note_hall(session, delivery)

    bus, handlers = RecordingBus(), {HallChanged: [refuse_while_broken]}
    await publish(kernel_database, bus, a_hall_changed("H1"))
    await consume(kernel_database, bus, handlers)
    broken = False
    async with kernel_database.reading() as session:
        letter = (await dead_letters.listed(session))[0]["id"]
    for _ in range(2):
        async with kernel_database.transaction() as session:
            await dead_letters.replay(session, letter, NOW)
    await relay_all(kernel_database, bus)
    await consume(kernel_database, bus, handlers)
    assert await words(kernel_database) == ["H1/1"]
    async with kernel_database.reading() as session:
        assert await dead_letters.waiting(session) == 0


async def test_a_record_that_is_no_event_becomes_a_dead_letter_at_once(kernel_database: Database) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, a_hall_changed("H1"))
    good = bus.published[0]
    bus.published[:0] = [
        Message("hall.changed", "x", {}, b"\xff"),
        Message("hall.changed", "x", good.headers, b"{}"),
    ]
    bus.published[1].headers.update(ce_id=str(uuid4()))
    await consume(kernel_database, bus)
    async with kernel_database.reading() as session:
        assert {letter["error"] for letter in await dead_letters.listed(session)} == {"Unreadable"}
        assert await dead_letters.waiting(session) == 2
    assert await words(kernel_database) == ["H1/1"]


async def test_a_database_that_is_away_makes_no_dead_letters(kernel_database: Database) -> None:
    outages = 3

    async def away(session: AsyncSession, delivery: Delivery[HallChanged]) -> None:
        nonlocal outages
        outages -= 1
        if outages >= 0:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))
        await note_hall(session, delivery)
        stop.set()

    bus, stop = RecordingBus(), asyncio.Event()
    await publish(kernel_database, bus, a_hall_changed("H1"))
    await asyncio.wait_for(Consumer(kernel_database, bus, {HallChanged: [away]}).run(stop), 10)
    assert await words(kernel_database) == ["H1/1"]
    async with kernel_database.reading() as session:
        assert await dead_letters.waiting(session) == 0


async def test_a_backlog_is_read_ahead_and_handled_in_order(kernel_database: Database) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, *(a_hall_changed("H1", version=n) for n in range(1, 31)))
    consumer = Consumer(kernel_database, bus, HANDLERS, batch=4)
    assert [await consumer.step(timeout=0) for _ in range(9)] == [4, 4, 4, 4, 4, 4, 4, 2, 0]
    assert await words(kernel_database) == [f"H1/{n}" for n in range(1, 31)]
    assert bus.committed == {("customer", "hall.changed"): 30}
    await consumer.close()


async def test_an_outage_in_a_backlog_reads_again_and_repeats_no_effect(kernel_database: Database) -> None:
    away = [7, 7, 19]

    async def note_unless_away(session: AsyncSession, delivery: Delivery[HallChanged]) -> None:
        if away and delivery.event.version == away[0]:
            away.pop(0)
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))
        await note_hall(session, delivery)
        if delivery.event.version == 30:
            stop.set()

    bus, stop = RecordingBus(), asyncio.Event()
    await publish(kernel_database, bus, *(a_hall_changed("H1", version=n) for n in range(1, 31)))
    consumer = Consumer(kernel_database, bus, {HallChanged: [note_unless_away]}, batch=4)
    await asyncio.wait_for(consumer.run(stop), 10)
    assert await words(kernel_database) == [f"H1/{n}" for n in range(1, 31)]
    assert bus.committed == {("customer", "hall.changed"): 30}


async def test_a_consumer_that_is_stopped_leaves_what_it_read_ahead_to_the_next(
    kernel_database: Database,
) -> None:
    bus = RecordingBus()
    await publish(kernel_database, bus, *(a_hall_changed("H1", version=n) for n in range(1, 10)))
    stopped = Consumer(kernel_database, bus, HANDLERS, batch=4)
    await stopped.step(timeout=0)
    await stopped.close()
    await consume(kernel_database, bus)
    assert await words(kernel_database) == [f"H1/{n}" for n in range(1, 10)]
