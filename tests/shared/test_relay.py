"""At least once, in order per key, by one relay at a time; whatever the bus does, the outbox forgets nothing."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared import clock, outbox
from shared import relay as relay_module
from shared.bus.port import BusUnavailable, Message
from shared.database import Database
from shared.relay import Relay, status
from shared.testing.buses import RecordingBus
from shared.testing.outboxes import said
from tests.shared.kernel import a_hall_changed


async def say(database: Database, code: str, version: int) -> None:
    async with database.transaction() as session:
        outbox.add(session, a_hall_changed(code, version=version))


async def test_a_transaction_that_fails_says_nothing(kernel_database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with kernel_database.transaction() as session:
            outbox.add(session, a_hall_changed("H1"))
            raise RuntimeError
    assert await said(kernel_database) == []


async def test_what_was_said_is_published_and_then_forgotten(kernel_database: Database) -> None:
    bus = RecordingBus()
    await say(kernel_database, "H1", 1)
    assert await Relay(kernel_database, bus).drain() == 1
    assert [(m.topic, m.key, m.headers["ce_source"]) for m in bus.published] == [
        ("hall.changed", "H1", "/customer")
    ]
    assert await said(kernel_database) == []


async def test_two_relays_publish_each_event_once_and_in_order_per_key(kernel_database: Database) -> None:
    bus = RecordingBus()
    for version in range(1, 40):
        await asyncio.gather(*(say(kernel_database, code, version) for code in ("H1", "H2", "H3")))
    drained = await asyncio.gather(Relay(kernel_database, bus).drain(), Relay(kernel_database, bus).drain())
    assert sum(drained) == 117 == len({m.headers["ce_id"] for m in bus.published}) == len(bus.published)
    for code in ("H1", "H2", "H3"):
        versions = [int(m.headers["ce_aggregateversion"]) for m in bus.published if m.key == code]
        assert versions == list(range(1, 40))


async def test_a_crash_between_publication_and_deletion_publishes_again_with_the_same_id(
    kernel_database: Database,
) -> None:
    class DiesAfterPublishing(RecordingBus):
        async def publish(self, messages: object) -> None:
            await super().publish(messages)  # type: ignore[arg-type]
            raise KeyboardInterrupt

    dying = DiesAfterPublishing()
    await say(kernel_database, "H1", 1)
    relay = Relay(kernel_database, dying)
    with pytest.raises(KeyboardInterrupt):
        await relay.drain()
    await relay._lease.release()
    survivor = RecordingBus()
    assert await Relay(kernel_database, survivor).drain() == 1
    assert survivor.published[0].headers["ce_id"] == dying.published[0].headers["ce_id"]


async def test_batches_go_out_one_after_the_other_and_each_event_once(
    kernel_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BATCH", 4)
    monkeypatch.setattr(relay_module, "NEXT", outbox.IN_ORDER.limit(4))
    bus = RecordingBus()
    for version in range(1, 12):
        await asyncio.gather(*(say(kernel_database, code, version) for code in ("H1", "H2")))
    assert await Relay(kernel_database, bus).drain() == 22 == len({m.headers["ce_id"] for m in bus.published})
    for code in ("H1", "H2"):
        versions = [int(m.headers["ce_aggregateversion"]) for m in bus.published if m.key == code]
        assert versions == list(range(1, 12))
    assert await said(kernel_database) == []


async def test_a_bus_that_fails_at_the_second_batch_keeps_it_and_those_behind_it(
    kernel_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FailsOnce(RecordingBus):
        failed = False

        async def publish(self, messages: Sequence[Message]) -> None:
            if len(self.published) == 4 and not self.failed:
                self.failed = True
                raise BusUnavailable
            await super().publish(messages)

    monkeypatch.setattr(relay_module, "BATCH", 4)
    monkeypatch.setattr(relay_module, "NEXT", outbox.IN_ORDER.limit(4))
    bus = FailsOnce()
    for version in range(1, 11):
        await say(kernel_database, "H1", version)
    relay = Relay(kernel_database, bus)
    with pytest.raises(BusUnavailable):
        await relay.drain()
    assert (len(bus.published), len(await said(kernel_database))) == (4, 6)
    assert await relay.drain() == 6
    assert [int(m.headers["ce_aggregateversion"]) for m in bus.published] == list(range(1, 11))


async def test_while_the_bus_is_down_the_outbox_grows_and_drains_after(kernel_database: Database) -> None:
    bus = RecordingBus()
    bus.down = True
    relay = Relay(kernel_database, bus)
    await say(kernel_database, "H1", 1)
    with pytest.raises(BusUnavailable):
        await relay.drain()
    await say(kernel_database, "H1", 2)
    assert (await status(kernel_database))["waiting"] == 2
    bus.down = False
    assert await relay.drain() == 2


async def test_another_relay_takes_over_when_the_lease_has_lapsed(
    kernel_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = RecordingBus()
    await say(kernel_database, "H1", 1)
    assert await Relay(kernel_database, bus).drain() == 1
    await say(kernel_database, "H1", 2)
    heir = Relay(kernel_database, bus)
    assert await heir.drain() == 0
    later = datetime.now(UTC) + timedelta(seconds=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await heir.drain() == 1


async def test_stopping_publishes_what_is_left(kernel_database: Database) -> None:
    bus, stop = RecordingBus(), asyncio.Event()
    stop.set()
    await say(kernel_database, "H1", 1)
    await Relay(kernel_database, bus).run(stop)
    assert len(bus.published) == 1


async def test_a_commit_wakes_the_relay(kernel_database: Database) -> None:
    bus, stop = RecordingBus(), asyncio.Event()
    running = asyncio.create_task(Relay(kernel_database, bus).run(stop))
    await asyncio.sleep(0)
    for version in range(1, 4):
        await say(kernel_database, "H1", version)
        async with asyncio.timeout(0.9):
            while len(bus.published) < version:
                await asyncio.sleep(0.001)
    stop.set()
    await running
