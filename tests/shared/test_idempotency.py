"""A key has one answer for 72 hours, per client, and the first to commit gives it."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from shared import idempotency, last_writes
from shared.database import Database
from shared.idempotency import KEPT, Answer, AnsweredMeanwhile
from shared.ledger import IDEMPOTENCY_KEYS
from tests.shared.kernel import AT

ANSWER = Answer("f1", 201, {"etag": '"1"'}, b'{"id":1}')


async def kept(database: Database, client: str, key: str, at: timedelta = timedelta()) -> Answer | None:
    async with database.transaction() as session:
        return await idempotency.find(session, client, key, now=AT + at)


async def keep(database: Database, answer: Answer, at: timedelta = timedelta()) -> bool:
    """Whether the answer was stored."""
    try:
        async with database.transaction() as session:
            idempotency.keep(session, "pos-1", "k", answer, now=AT + at)
    except AnsweredMeanwhile:
        return False
    return True


async def test_an_answer_comes_back_as_it_was_given(kernel_database: Database) -> None:
    assert await kept(kernel_database, "pos-1", "k") is None
    assert await keep(kernel_database, ANSWER)
    assert await kept(kernel_database, "pos-1", "k") == ANSWER


async def test_another_clients_key_is_another_key(kernel_database: Database) -> None:
    await keep(kernel_database, ANSWER)
    assert await kept(kernel_database, "pos-2", "k") is None


async def test_the_second_answer_to_a_key_is_not_stored(kernel_database: Database) -> None:
    assert await keep(kernel_database, ANSWER)
    assert not await keep(kernel_database, Answer("f2", 200, {}, b"other"))
    assert await kept(kernel_database, "pos-1", "k") == ANSWER


async def test_after_72_hours_a_key_is_free_again(kernel_database: Database) -> None:
    later = Answer("f2", 200, {}, b"later")
    await keep(kernel_database, ANSWER)
    assert await kept(kernel_database, "pos-1", "k", KEPT - timedelta(seconds=1)) == ANSWER
    assert await kept(kernel_database, "pos-1", "k", KEPT) is None
    assert await keep(kernel_database, later, KEPT)
    assert await kept(kernel_database, "pos-1", "k", KEPT) == later


async def test_a_rolled_back_effect_leaves_no_answer(kernel_database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with kernel_database.transaction() as session:
            idempotency.keep(session, "pos-1", "k", ANSWER, now=AT)
            raise ZeroDivisionError
    assert await kept(kernel_database, "pos-1", "k") is None


async def test_expired_answers_are_forgotten_and_only_those(kernel_database: Database) -> None:
    await keep(kernel_database, ANSWER)
    async with kernel_database.transaction() as session:
        idempotency.keep(session, "pos-1", "young", ANSWER, now=AT + timedelta(hours=1))
    async with kernel_database.transaction() as session:
        assert await idempotency.forget(session, AT + KEPT) == 1
        left = (await session.execute(sa.select(IDEMPOTENCY_KEYS.c.key))).scalars().all()
    assert left == ["young"]


@pytest.mark.postgresql
@pytest.mark.parametrize("kernel_database", ["postgresql"], indirect=True)
async def test_the_second_to_store_waits_for_the_first_and_is_refused(kernel_database: Database) -> None:
    async with kernel_database.transaction() as first:
        idempotency.keep(first, "pos-1", "k", ANSWER, now=AT)
        await first.connection()  # a transaction of several statements
        await last_writes.flush(first)
        second = asyncio.create_task(keep(kernel_database, Answer("f2", 200, {}, b"other")))
        await asyncio.sleep(0.1)
        assert not second.done()
    assert await second is False
    assert await kept(kernel_database, "pos-1", "k") == ANSWER


@pytest.mark.postgresql
@pytest.mark.parametrize("kernel_database", ["postgresql"], indirect=True)
async def test_the_second_to_store_takes_over_when_the_first_gives_up(kernel_database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with kernel_database.transaction() as first:
            idempotency.keep(first, "pos-1", "k", ANSWER, now=AT)
            await first.connection()  # a transaction of several statements
            await last_writes.flush(first)
            second = asyncio.create_task(keep(kernel_database, Answer("f2", 200, {}, b"other")))
            await asyncio.sleep(0.1)
            raise ZeroDivisionError
    assert await second is True


def test_fingerprints_differ_with_method_path_query_and_body() -> None:
    prints = {
        idempotency.fingerprint(*parts)
        for parts in (
            ("POST", "/a", b"", b"{}"),
            ("PUT", "/a", b"", b"{}"),
            ("POST", "/b", b"", b"{}"),
            ("POST", "/a", b"x", b"{}"),
            ("POST", "/a", b"", b"{ }"),
        )
    }
    assert len(prints) == 5
