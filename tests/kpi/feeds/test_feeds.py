"""The feeds: every row once and in commit order, also while others write; nothing outside the caller's area."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.kpi import commit_order
from services.kpi.facts import repository
from services.kpi.facts.models import Fact
from shared import clock, ids
from shared.database import Database
from shared.events.customer import CustomerRegistered
from tests.engines.fixtures import FreshDatabase
from tests.kpi.conftest import Caller
from tests.kpi.house import Tell, a_month, facts_in, registered, score, the_house

Lines = list[dict[str, Any]]

WRITERS, TRANSACTIONS, ROWS = 6, 25, 8


async def pull(
    client: httpx.AsyncClient, feed: str, cursor: str | None = None, **query: Any
) -> tuple[Lines, dict[str, Any]]:
    """The rows of one pull and its last line."""
    params = {**query, **({"cursor": cursor} if cursor else {})}
    answer = await client.get(f"/kpi/v1/feeds/{feed}", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    *rows, end = [json.loads(line) for line in answer.text.splitlines()]
    return rows, end


async def pull_all(client: httpx.AsyncClient, feed: str, **query: Any) -> Lines:
    rows, end = await pull(client, feed, **query)
    while not end["end_of_stream"]:
        more, end = await pull(client, feed, end["next_cursor"], **query)
        rows += more
    return rows


@pytest.mark.both_databases
async def test_the_facts_come_in_pages_and_each_once(tell: Tell, caller: Caller, database: Database) -> None:
    await tell(*a_month())
    office = caller("regional_office")
    rows = await pull_all(office, "facts", limit=17)
    assert [row["id"] for row in rows] == [fact.seq for fact in await facts_in(database)]
    assert {row["type"] for row in rows} == {"fact"}
    assert "phone" not in json.dumps(rows)


@pytest.mark.both_databases
async def test_at_the_end_the_cursor_waits_for_what_comes_next(tell: Tell, caller: Caller) -> None:
    office = caller("regional_office")
    rows, end = await pull(office, "facts")
    assert (rows, end["end_of_stream"]) == ([], True)
    await tell(registered("ZZ0101"))
    rows, later = await pull(office, "facts", end["next_cursor"])
    assert {row["kind"] for row in rows} >= {"customer_archived", "archive_size"}
    assert (await pull(office, "facts", end["next_cursor"]))[0] == rows
    assert (await pull(office, "facts", later["next_cursor"]))[0] == []


@pytest.mark.both_databases
async def test_a_newer_run_adds_its_scores_behind_the_older_ones(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    first = await score(office)
    rows, end = await pull(office, "scores")
    assert {row["run_id"] for row in rows} == {first["id"]}
    assert len(rows) == first["scores"]
    await tell(registered("ZZ0101", day=21))
    second = await score(office)
    rows, _end = await pull(office, "scores", end["next_cursor"])
    assert {row["run_id"] for row in rows} == {second["id"]}
    assert all(row["indicators"] for row in rows)


@pytest.mark.both_databases
async def test_nothing_new_is_told_in_one_word(tell: Tell, caller: Caller) -> None:
    await tell(registered("ZZ0101"))
    office = caller("regional_office")
    first = await office.get("/kpi/v1/feeds/facts")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await office.get("/kpi/v1/feeds/facts", headers=tag)).status_code == 304
    await tell(registered("ZZ0101"))
    assert (await office.get("/kpi/v1/feeds/facts", headers=tag)).status_code == 200


async def test_a_county_pulls_its_own_and_only_its_own(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    await score(caller("regional_office"))
    county = caller("county_manager", county="weiyuan")
    assert {row["county"] for row in await pull_all(county, "facts")} == {"weiyuan"}
    assert {row["subject"] for row in await pull_all(county, "scores")} == {
        "weiyuan",
        "WY01",
        "WY0101",
        "WY0102",
    }


@pytest.mark.parametrize(
    "cursor", ["nonsense", "MS4y.", "LTEuMA", "MQ", "MS4yLjM", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE"]
)
async def test_a_cursor_that_is_not_ours_is_refused(caller: Caller, cursor: str) -> None:
    answer = await caller("regional_office").get("/kpi/v1/feeds/facts", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-invalid")


async def test_the_limit_has_an_end(caller: Caller) -> None:
    answer = await caller("regional_office").get("/kpi/v1/feeds/facts", params={"limit": 5001})
    assert (answer.status_code, answer.json()["code"]) == (422, "limit-too-high")


@pytest.mark.both_databases
async def test_a_reader_misses_nothing_while_others_write(database: Database, caller: Caller) -> None:
    """Writers keep their transactions open for a while: numbers are taken in one order, committed in another."""
    office = caller("regional_office")
    done = asyncio.Event()

    async def write(number: int) -> None:
        for turn in range(TRANSACTIONS):
            async with database.transaction() as session:
                await repository.append(session, [a_row() for _ in range(ROWS)])
                await asyncio.sleep(0.001 * ((number * 7 + turn) % 5))

    async def read() -> Lines:
        rows: Lines = []
        cursor = None
        while True:
            last = done.is_set()
            more, end = await pull(office, "facts", cursor, limit=50)
            rows, cursor = rows + more, end["next_cursor"]
            if last and end["end_of_stream"]:
                return rows

    async def all_writers() -> None:
        await asyncio.gather(*(write(number) for number in range(WRITERS)))
        done.set()

    rows, _none = await asyncio.gather(read(), all_writers())
    expected = {fact.seq for fact in await facts_in(database)}
    assert len(expected) == WRITERS * TRANSACTIONS * ROWS
    assert len(rows) == len(expected)
    assert {row["id"] for row in rows} == expected


@pytest.mark.both_databases
async def test_what_is_committed_late_is_not_slipped_past(database: Database, database_kind: str) -> None:
    if database_kind == "sqlite":
        async with database.transaction() as session:
            await repository.append(session, [a_row()])
        assert len(await settled_facts(database)) == 1
        return
    early = database.transaction()
    session = await early.__aenter__()
    await repository.append(session, [a_row()])
    async with database.transaction() as other:
        await repository.append(other, [a_row()])
    assert await settled_facts(database) == []
    await early.__aexit__(None, None, None)
    assert [fact.seq for fact in await settled_facts(database)] == [1, 2]


@pytest.mark.postgresql
async def test_a_transaction_open_in_another_services_database_holds_nobody_up(
    postgres_url: FreshDatabase,
) -> None:
    ours, theirs = Database(postgres_url("kpi"), "kpi"), Database(postgres_url("kpi"), "kpi")
    async with theirs.transaction() as open_there:
        await repository.append(open_there, [a_row()])
        async with ours.transaction() as session:
            await repository.append(session, [a_row()])
        assert len(await settled_facts(ours)) == 1
    await ours.close()
    await theirs.close()


async def settled_facts(database: Database) -> list[Fact]:
    async with database.reading() as session:
        until = await repository.settled(session)
        found = sa.select(Fact).where(commit_order.before(Fact, until))
        return list((await session.scalars(found.order_by(*commit_order.in_order(Fact)))).all())


def a_row() -> dict[str, Any]:
    event_id = ids.uuid7()
    return {
        "kind": "customer_archived",
        "key": event_id,
        "event_id": event_id,
        "topic": CustomerRegistered.topic,
        "subject": str(event_id),
        "occurred_at": clock.now(),
        "recorded_at": clock.now(),
        "month": "2026-10",
        "county": "zizhong",
        "hall": "ZZ01",
        "clerk": "ZZ0101",
        "numerator": 1,
        "denominator": 0,
        "amount_fen": 0,
        "attributes": None,
    }
