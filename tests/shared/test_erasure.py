"""What the kernel keeps of people goes when they go: answers to requests, dead letters, and the bytes in the files."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import orjson
import sqlalchemy as sa

from shared import dead_letters, erasure, idempotency
from shared.bus.port import Fetched
from shared.database import Database
from shared.idempotency import Answer
from shared.ledger import DEAD_LETTERS
from tests.shared.kernel import AT, SCRATCH, make_tables

GONE, STAYS = uuid4(), uuid4()


def told(about: object) -> Answer:
    return Answer("f1", 201, {"etag": '"1"'}, orjson.dumps({"id": str(about), "name": "李锐"}))


async def test_answers_about_the_erased_are_gone_and_their_keys_stay_taken(kernel_database: Database) -> None:
    async with kernel_database.transaction() as session:
        idempotency.keep(session, "pos-1", "gone", told(GONE), now=AT)
        idempotency.keep(session, "pos-1", "stays", told(STAYS), now=AT)
    async with kernel_database.transaction() as session:
        await erasure.erase(session, [GONE])
    async with kernel_database.reading() as session:
        gone = await idempotency.find(session, "pos-1", "gone", now=AT)
        stays = await idempotency.find(session, "pos-1", "stays", now=AT)
    assert gone is not None
    assert (gone.status, gone.fingerprint, "李锐".encode() in gone.body) == (410, "f1", False)
    assert stays == told(STAYS)


async def test_dead_letters_about_the_erased_are_thrown_away(kernel_database: Database) -> None:
    async with kernel_database.transaction() as session:
        for offset, key in enumerate((GONE, STAYS)):
            letter = Fetched("customer.updated", str(key), {}, b"{}", 0, offset)
            await dead_letters.bury(session, letter, ValueError("no"), attempts=4, now=AT)
    async with kernel_database.transaction() as session:
        await erasure.erase(session, [GONE])
        assert (await session.scalars(sa.select(DEAD_LETTERS.c.key))).all() == [str(STAYS)]


async def test_the_log_is_not_emptied_under_a_reader_and_said_so(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/kernel.sqlite3", "customer")
    await make_tables(database)
    with closing(sqlite3.connect(tmp_path / "kernel.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM scratch").fetchall()
        async with database.transaction() as session:
            await session.execute(
                sa.insert(SCRATCH), [{"id": 1, "word": "李锐", "version": 1, "tags": [], "at": AT}]
            )
        assert not await database.scrub()
    assert await database.scrub()
    await database.close()


async def test_what_is_deleted_is_not_in_sqlites_files_any_more(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/kernel.sqlite3", "customer")
    await make_tables(database)
    words = [f"李锐{n:03d}" for n in range(200)]
    rows = [{"id": n, "word": word, "version": 1, "tags": [], "at": AT} for n, word in enumerate(words)]
    async with database.transaction() as session:
        await session.execute(sa.insert(SCRATCH), rows)
    async with database.transaction() as session:
        await session.execute(sa.delete(SCRATCH).where(SCRATCH.c.id >= 1))
        await session.execute(sa.update(SCRATCH).values(word="x"))
    await database.scrub()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [word for word in words if word.encode() in written] == []
    await database.close()
