"""The transaction keeps its promise on SQLite's shared commits as on PostgreSQL: all of a block or nothing."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Field, SQLModel

from shared.columns import tables_of
from shared.database import (
    Database,
    as_loaded,
    insert_new,
    insert_rows,
    is_unavailable,
    upsert,
    values_of,
    violates,
    wake_after_commit,
)
from tests.shared.kernel import SCRATCH, make_tables


class Table(SQLModel, registry=tables_of("test")):
    """Base of this test's tables."""


class Thing(Table, table=True):
    """A table of a model."""

    __tablename__ = "things"

    id: int = Field(primary_key=True)
    version: int = 1
    note: str | None = None


async def rows(database: Database) -> list[tuple[int, str, int]]:
    async with database.reading() as session:
        found = await session.execute(
            sa.select(SCRATCH.c.id, SCRATCH.c.word, SCRATCH.c.version).order_by(SCRATCH.c.id)
        )
        return [tuple(row) for row in found]


def row(number: int, word: str = "", version: int = 1) -> dict[str, object]:
    return {
        "id": number,
        "word": word or f"w{number}",
        "version": version,
        "tags": ["a"],
        "at": datetime(2026, 11, 25, tzinfo=UTC),
    }


async def test_a_block_that_raises_leaves_nothing_behind(kernel_database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(1)])
            raise RuntimeError
    assert await rows(kernel_database) == []


async def test_neighbours_of_a_failing_transaction_are_committed(kernel_database: Database) -> None:
    async def write(number: int) -> None:
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(number)])
            if number % 3 == 0:
                raise RuntimeError(number)

    outcomes = await asyncio.gather(*(write(n) for n in range(60)), return_exceptions=True)
    assert [isinstance(o, RuntimeError) for o in outcomes] == [n % 3 == 0 for n in range(60)]
    assert [r[0] for r in await rows(kernel_database)] == [n for n in range(60) if n % 3]


async def test_what_a_transaction_acknowledged_is_visible_to_the_next_reader(
    kernel_database: Database,
) -> None:
    async def write_then_read(number: int) -> bool:
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(number)])
        return number in [r[0] for r in await rows(kernel_database)]

    assert all(await asyncio.gather(*(write_then_read(n) for n in range(20))))


async def test_a_cancelled_transaction_writes_nothing_and_the_next_one_works(
    kernel_database: Database,
) -> None:
    entered = asyncio.Event()

    async def slow() -> None:
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(1)])
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(slow())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with kernel_database.transaction() as session:
        await insert_rows(session, SCRATCH, [row(2)])
    assert [r[0] for r in await rows(kernel_database)] == [2]


async def test_the_last_in_line_gives_up_and_the_transaction_before_it_is_committed_all_the_same(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/kernel.sqlite3", "customer")
    await make_tables(database)
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def write(number: int) -> None:
        async with database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(number)])
            entered.set()
            await go_on.wait()

    first = asyncio.create_task(write(1))
    await entered.wait()
    second, turn = asyncio.create_task(write(2)), database._writer._turn
    release = turn.release
    turn.release = lambda: (release(), second.cancel())  # type: ignore[method-assign, assignment]
    go_on.set()
    await asyncio.wait_for(first, 5)
    assert [r[0] for r in await rows(database)] == [1]
    await asyncio.gather(second, return_exceptions=True)
    await database.close()


async def test_a_broken_unique_constraint_is_recognised_by_name(kernel_database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(1, "same")])
            await insert_rows(session, SCRATCH, [row(2, "same")])
    assert violates(caught.value, SCRATCH, "uq_scratch_word")
    assert not violates(caught.value, SCRATCH, "pk_scratch")
    assert not is_unavailable(caught.value)


async def test_a_statement_that_cannot_run_is_wrong_and_not_a_database_that_is_away(
    kernel_database: Database,
) -> None:
    """Otherwise a consumer would try it for ever and never get to its dead letter."""
    with pytest.raises(DBAPIError) as caught:
        async with kernel_database.transaction() as session:
            await session.execute(sa.text("SELECT no_such_column FROM scratch"))
    assert not is_unavailable(caught.value)


@pytest.mark.parametrize("count", [1, 3, 700])
async def test_upsert_changes_only_rows_that_are_older(kernel_database: Database, count: int) -> None:
    async with kernel_database.transaction() as session:
        await insert_rows(session, SCRATCH, [row(n, version=5) for n in range(count)])
    async with kernel_database.transaction() as session:
        late = [row(n, f"late{n}", 4) for n in range(count)]
        newer = [row(n, f"new{n}", 6) for n in range(0, count, 2)]
        await upsert(session, SCRATCH, [*newer, *late], key=["id"], newer_by="version")
    expected = [(n, f"new{n}" if n % 2 == 0 else f"w{n}", 6 if n % 2 == 0 else 5) for n in range(count)]
    assert await rows(kernel_database) == expected


@pytest.mark.parametrize("count", [1, 3, 700])
async def test_insert_new_says_which_keys_went_in(kernel_database: Database, count: int) -> None:
    async with kernel_database.transaction() as session:
        await insert_rows(session, SCRATCH, [row(0)])
    async with kernel_database.transaction() as session:
        doubled = [row(n) for n in range(count)] * 2
        assert await insert_new(session, SCRATCH, doubled, key=["id"]) == set(range(1, count))


async def test_bells_ring_after_the_commit_and_not_after_a_rollback(kernel_database: Database) -> None:
    bell = kernel_database.bell("dispatch")
    with pytest.raises(RuntimeError):
        async with kernel_database.transaction() as session:
            wake_after_commit(session, "dispatch")
            raise RuntimeError
    assert not bell._event.is_set()
    async with kernel_database.transaction() as session:
        wake_after_commit(session, "dispatch")
        assert not bell._event.is_set()
    await asyncio.wait_for(bell.wait(60), timeout=5)
    bell.close()


async def test_a_timestamp_without_offset_is_refused(kernel_database: Database) -> None:
    with pytest.raises(Exception, match="offset"):
        async with kernel_database.transaction() as session:
            await insert_rows(session, SCRATCH, [row(1) | {"at": datetime(2026, 11, 25)}])  # noqa: DTZ001


def test_an_object_made_as_if_it_had_been_read_has_the_models_defaults() -> None:
    made = as_loaded(Thing, id=7)
    assert (made.id, made.version, made.note) == (7, 1, None)
    assert made.model_dump() == Thing(id=7).model_dump()
    assert values_of(made) == {"id": 7, "version": 1, "note": None}
