"""Rows for the end of a transaction arrive together or not at all, and a guard may refuse the whole."""

import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared import last_writes
from shared.database import Database, insert_rows
from shared.last_writes import Guard
from shared.ledger import INBOX, OUTBOX
from tests.shared.kernel import SCRATCH

AT = datetime(2026, 11, 25, tzinfo=UTC)


class Taken(Exception):
    """A row was there."""


def a_row(number: int, **values: object) -> dict[str, object]:
    return {
        "id": number,
        "word": f"w{number}",
        "version": 1,
        "tags": ["a", [], {"b": None}],
        "at": AT,
        **values,
    }


def unless_there() -> Guard:
    clause = "ON CONFLICT (id) DO UPDATE SET version = excluded.version WHERE scratch.version <= {0}"
    return Guard(clause, Taken(), 5, SCRATCH.c.version.type)


async def words(database: Database) -> list[tuple[str, int, object, datetime]]:
    async with database.reading() as session:
        columns = (SCRATCH.c.word, SCRATCH.c.version, SCRATCH.c.tags, SCRATCH.c.at)
        return [tuple(row) for row in await session.execute(sa.select(*columns).order_by(SCRATCH.c.id))]


async def test_rows_of_several_tables_arrive_with_the_commit(kernel_database: Database) -> None:
    event = uuid.uuid4()
    async with kernel_database.transaction() as session:
        last_writes.add(session, SCRATCH, [a_row(1)])
        last_writes.add(session, INBOX, [{"source": "/kpi", "event_id": event, "handled_at": AT}])
        last_writes.add(session, SCRATCH, [a_row(2), a_row(3)])
        assert (await session.execute(sa.select(sa.func.count()).select_from(SCRATCH))).scalar_one() == 0
    assert await words(kernel_database) == [(f"w{n}", 1, ["a", [], {"b": None}], AT) for n in (1, 2, 3)]
    async with kernel_database.reading() as session:
        assert (await session.execute(sa.select(INBOX.c.event_id))).scalars().all() == [event]


async def test_a_failed_block_writes_none_of_them(kernel_database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with kernel_database.transaction() as session:
            last_writes.add(session, SCRATCH, [a_row(1)])
            raise ZeroDivisionError
    assert await words(kernel_database) == []


async def test_a_constraint_says_no_to_the_whole_transaction(kernel_database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [a_row(1)])
            last_writes.add(session, SCRATCH, [a_row(2), a_row(3, word="w1")])
    assert await words(kernel_database) == []


async def test_a_guard_lets_rows_in_or_refuses_everything(kernel_database: Database) -> None:
    async with kernel_database.transaction() as session:
        last_writes.add(session, SCRATCH, [a_row(1, version=5)], unless_there())
    async with kernel_database.transaction() as session:
        last_writes.add(session, SCRATCH, [a_row(1, version=9)], unless_there())
    with pytest.raises(Taken):
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [a_row(2)])
            last_writes.add(session, SCRATCH, [a_row(1, version=7)], unless_there())
    assert [(word, version) for word, version, *_ in await words(kernel_database)] == [("w1", 9)]


async def test_a_guard_refuses_everything_when_nothing_else_was_asked_of_the_database(
    kernel_database: Database,
) -> None:
    async def who_was_first(session: AsyncSession) -> Exception:
        return Taken((await session.execute(sa.select(SCRATCH.c.word))).scalar_one())

    free = Guard("ON CONFLICT DO NOTHING", who_was_first)
    row = {"source": "/kpi", "event_id": uuid.uuid4(), "handled_at": AT}
    async with kernel_database.transaction() as session:
        last_writes.add(session, SCRATCH, [a_row(1)], free)
    with pytest.raises(Taken, match="w1"):
        async with kernel_database.transaction() as session:
            last_writes.add(session, INBOX, [row])
            last_writes.add(session, SCRATCH, [a_row(1, word="other")], free)
    assert [word for word, *_ in await words(kernel_database)] == ["w1"]
    async with kernel_database.reading() as session:
        assert (await session.execute(sa.select(INBOX.c.event_id))).scalars().all() == []


@pytest.mark.postgresql
@pytest.mark.parametrize("kernel_database", ["postgresql"], indirect=True)
async def test_a_text_too_long_is_refused_and_not_cut(kernel_database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with kernel_database.transaction() as session:
            last_writes.add(session, SCRATCH, [a_row(1, word="x" * 41)])
    with pytest.raises(DBAPIError):
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [a_row(n, word="x" * 40 + str(n)) for n in range(20)])
    assert await words(kernel_database) == []


async def test_events_keep_the_order_in_which_they_were_said(kernel_database: Database) -> None:
    rows = [{"topic": "t", "key": str(n), "headers": "{}", "value": b"", "created_at": AT} for n in range(50)]
    async with kernel_database.transaction() as session:
        last_writes.add(session, OUTBOX, rows)
    async with kernel_database.reading() as session:
        keys = (await session.execute(sa.select(OUTBOX.c.key).order_by(OUTBOX.c.seq))).scalars().all()
    assert keys == [str(n) for n in range(50)]
