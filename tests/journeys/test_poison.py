"""What nobody can handle goes to the dead letters with its reason; its neighbours go on, and replay brings it back."""

import asyncio
import json
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from deploy.demo import sheets
from deploy.demo.telling import Answer
from shared import clock
from shared.bus.kafka import KafkaBus
from shared.bus.port import Message
from tests.journeys import commands
from tests.journeys.desks import OFFICE, a_phone, desk, until
from tests.journeys.facts import Facts
from tests.journeys.houses import DistributedHouse, House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

HEARERS_OF_REGISTRATIONS = ("messaging", "complaints", "kpi")
ON_SQLITE = (
    "CREATE TRIGGER poison BEFORE INSERT ON facts WHEN NEW.subject = '{0}' BEGIN SELECT RAISE(ABORT, 'poison'); END",
    "DROP TRIGGER poison",
)
ON_POSTGRESQL = (
    """CREATE FUNCTION poison() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$ LANGUAGE plpgsql;
    CREATE TRIGGER poison BEFORE INSERT ON facts FOR EACH ROW WHEN (NEW.subject = '{0}') EXECUTE FUNCTION poison()""",
    "DROP TRIGGER poison ON facts; DROP FUNCTION poison",
)


async def test_an_event_that_cannot_be_handled_is_buried_and_replayed_while_its_neighbours_go_on(
    house: House,
) -> None:
    async with desk(house) as pos, desk(house, OFFICE) as office:
        facts = Facts(office)
        cursed = (await pos.register(a_phone()))["id"]
        await facts.until_told_once([cursed], "customer_archived")
        async with kpi_refusing(house, cursed):
            stored = {**sheets.hall_plate(), "at": clock.now().isoformat()}
            await pos.post(f"/customer/v1/customers/{cursed}/number-stored", stored)
            neighbours = [(await pos.register(a_phone()))["id"] for _ in range(3)]
            await facts.until_told_once(neighbours, "customer_archived")
            said = await until_on_dead_topic(house, "kpi", cursed)
            assert "poison" in said["dead_reason"]
            letter = (await letters_about(house, cursed))["kpi"]
            assert letter["topic"] == "customer.number_stored"
            shown = await commands.asked(house, "dead-letters", "show", letter["id"])
            assert "poison" in shown["reason"]
            assert not await facts.told_of([cursed], "number_stored")
        replayed = await commands.asked(house, "dead-letters", "replay", letter["id"])
        assert replayed["replayed"] == [letter["id"]]
        await facts.until_told_once([cursed], "number_stored")
        assert await letters_about(house, cursed) == {}


async def test_a_record_that_is_no_event_is_buried_by_every_hearer_and_said_on_their_dead_topics(
    house: House,
) -> None:
    key = f"poison-{uuid.uuid4().hex}"
    headers = {"ce_id": str(uuid.uuid4()), "ce_source": "/elsewhere", "ce_type": "customer.registered"}
    async with desk(house) as pos, desk(house, OFFICE) as office:
        facts = Facts(office)
        await publish(house, Message("customer.registered", key, headers, b'{"nonsense": true}'))
        neighbour = (await pos.register(a_phone()))["id"]
        await facts.until_told_once([neighbour], "customer_archived")
        said = {
            service: await until_on_dead_topic(house, service, key) for service in HEARERS_OF_REGISTRATIONS
        }
    letters = await letters_about(house, key)
    assert set(letters) == set(HEARERS_OF_REGISTRATIONS)
    for service, letter in letters.items():
        assert (letter["topic"], letter["error"]) == ("customer.registered", "Unreadable")
        assert said[service]["dead_topic"] == "customer.registered"
        assert said[service]["dead_reason"]
        assert said[service]["dead_offset"] == str(letter["offset"])


async def letters_about(house: House, key: str) -> dict[str, Answer]:
    """The waiting dead letters with this key, by service."""
    letters = await commands.asked(house, "dead-letters", "list")
    return {letter["service"]: letter for letter in letters if letter["key"] == key}


async def until_on_dead_topic(house: House, service: str, key: str) -> dict[str, str]:
    topic = f"{service}.dead"
    return await until(topic, lambda: on_topic(house, topic, key))


@asynccontextmanager
async def kpi_refusing(house: House, subject: str) -> AsyncIterator[None]:
    """KPI's database takes no fact of this subject for as long as the block lasts."""
    begin, end = ON_POSTGRESQL if isinstance(house, DistributedHouse) else ON_SQLITE
    await asyncio.to_thread(_execute, house, begin.format(subject))
    try:
        yield
    finally:
        await asyncio.to_thread(_execute, house, end)


def _execute(house: House, sql: str) -> None:
    if isinstance(house, DistributedHouse):
        house.postgres.query(sql, "hall_kpi")
        return
    with (
        closing(sqlite3.connect(house.folder / "data" / "kpi.sqlite3", timeout=30)) as connection,
        connection,
    ):
        connection.execute(sql)


async def publish(house: House, message: Message) -> None:
    """Past every outbox, as a foreign program would."""
    if isinstance(house, DistributedHouse):
        bus = KafkaBus(house.kafka.servers)
        await bus.publish([message])
        await bus.close()
        return
    row = (message.topic, message.key, json.dumps(message.headers), message.value)
    with closing(_log(house)) as log, log:
        log.execute("INSERT INTO log (topic, key, headers, value) VALUES (?, ?, ?, ?)", row)


async def on_topic(house: House, topic: str, key: str) -> dict[str, str] | None:
    """The headers of a record with this key."""
    if isinstance(house, DistributedHouse):
        return await _on_kafka(house, topic, key)
    with closing(_log(house)) as log:
        found = log.execute("SELECT headers FROM log WHERE topic = ? AND key = ?", (topic, key)).fetchone()
    return dict(json.loads(found[0])) if found else None


def _log(house: House) -> sqlite3.Connection:
    return sqlite3.connect(house.folder / "data" / "bus.sqlite3", timeout=30)


async def _on_kafka(house: DistributedHouse, topic: str, key: str) -> dict[str, str] | None:
    bus = KafkaBus(house.kafka.servers)
    reader = await bus.subscribe(uuid.uuid4().hex, [topic])
    try:
        async with asyncio.timeout(20):
            while records := (await reader.fetch(1000, 3.0)).messages:
                for record in records:
                    if record.key == key:
                        return dict(record.headers)
    finally:
        await reader.close()
        await bus.close()
    return None
