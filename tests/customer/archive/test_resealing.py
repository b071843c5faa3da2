"""A new key while the house serves: everything is resealed in chunks, goes on after a break, and stays findable."""

import asyncio
from datetime import UTC, datetime

import orjson
import pytest
import sqlalchemy as sa

from services.customer.archive import repository, usecases
from services.customer.archive.models import Customer
from services.customer.imports.models import ImportRow
from shared import ids, resealing
from shared.database import Database, insert_rows
from shared.keyring import KeyRing
from shared.ledger import DEAD_LETTERS
from shared.phones import PhoneBook
from shared.resealing import Place, Progress
from shared.security.tenancy import Area
from tests.customer.customers import NOW, a_command
from tests.engines import tables

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
MANY = 1300


@pytest.fixture
def old(keyring: KeyRing) -> PhoneBook:
    return PhoneBook(keyring)


@pytest.fixture
def new(keyring: KeyRing) -> PhoneBook:
    return PhoneBook(keyring.with_new_phone_key())


@pytest.fixture
def places() -> list[Place]:
    return resealing.places_in(tables.metadata_of("customer"))


def number(n: int) -> str:
    return f"139{n:08d}"


async def archive(database: Database, phones: PhoneBook, numbers: range) -> None:
    commands = [a_command(phones, number(n)) for n in numbers]
    async with database.transaction() as session:
        await usecases.register_customers(session, commands, county="zizhong", now=NOW)


async def test_resealing_while_serving_goes_on_after_a_break_and_misses_nothing(
    database: Database, old: PhoneBook, new: PhoneBook, places: list[Place]
) -> None:
    await archive(database, old, range(MANY))
    seen: list[Progress] = []
    async for progress in resealing.reseal(database, places, new, ["k1"]):
        seen.append(progress)
        break  # killed here, after one chunk was committed
    assert (seen[0].place, seen[0].done, seen[0].total) == ("customers.phone_enc", 500, MANY)
    assert await resealing.in_use(database, places[:1], "k1") > 0
    async with database.reading() as session:
        for n in (0, 700, MANY - 1):
            customer = await repository.get_customer_with_phone(
                session, old.index(number(n)), Area.everything()
            )
            assert new.open(customer.phone_enc) == f"+86{number(n)}"
    serving = asyncio.create_task(archive(database, new, range(MANY, MANY + 50)))
    rest = [progress async for progress in resealing.reseal(database, places, new, ["k1"])]
    await serving
    assert rest[-1] == Progress("customers.phone_enc", MANY - 500, MANY - 500, 0)
    async with database.reading() as session:
        seals = (await session.scalars(sa.select(Customer.phone_enc))).all()  # type: ignore[call-overload]
        versions = (await session.scalars(sa.select(Customer.version).distinct())).all()  # type: ignore[call-overload]
        last = await repository.get_customer_with_phone(session, new.index(number(7)), Area.everything())
    assert len(seals) == MANY + 50
    assert {seal.split(".")[0] for seal in seals} == {"k2"}
    assert (versions, new.open(last.phone_enc)) == ([1], f"+86{number(7)}")
    assert [p async for p in resealing.reseal(database, places, new, ["k1"])] == []


async def test_rows_with_several_keys_and_letters_nobody_could_handle_are_resealed_too(
    database: Database, old: PhoneBook, new: PhoneBook, places: list[Place]
) -> None:
    sealed = old.seal(number(1)).enc
    letter = {
        "id": ids.uuid7(), "topic": "customer.registered", "partition": 0, "offset": 7, "key": "k", "headers": "{}",
        "value": orjson.dumps({"phone_enc": sealed, "note": "k1.kein Siegel"}), "error": "x", "reason": "x",
        "attempts": 5, "died_at": datetime.now(UTC), "replayed_at": None,
    }  # fmt: skip
    job = ids.uuid7()
    async with database.transaction() as session:
        await insert_rows(session, DEAD_LETTERS, [letter])
        await session.execute(
            sa.text(
                "INSERT INTO import_jobs (id, status, mode, dry_run, hall, county, total, file_name, created_by, "
                "created_at, wording_version, evidence_kind, evidence_reference) VALUES (:id, 'completed', 'create', "
                "false, 'ZZ01', 'zizhong', 3, 'x', 'x', :at, 'v1', 'x', 'x')"
            ).bindparams(
                sa.bindparam("id", job, sa.Uuid), sa.bindparam("at", NOW, sa.DateTime(timezone=True))
            )
        )
        rows = [
            ImportRow(job_id=job, line=n, status="rejected", phone_enc=old.seal_text("12345").strip())
            for n in range(3)
        ]
        await insert_rows(session, ImportRow, rows)
    done = [p async for p in resealing.reseal(database, places, new, ["k1"])]
    assert {(p.place, p.done, p.broken) for p in done} == {
        ("import_rows.phone_enc", 3, 0),
        ("dead_letters.value", 1, 0),
    }
    async with database.reading() as session:
        value = orjson.loads(bytes((await session.scalars(sa.select(DEAD_LETTERS.c.value))).one()))
        cells = (await session.scalars(sa.select(ImportRow.phone_enc))).all()  # type: ignore[call-overload]
    assert (new.open(value["phone_enc"]), value["note"]) == (f"+86{number(1)}", "k1.kein Siegel")
    assert {new.open(cell) for cell in cells} == {"12345"}
    assert await resealing.in_use(database, places, "k1") == 0


async def test_a_seal_that_nothing_opens_is_counted_and_left_as_it_is(
    database: Database, old: PhoneBook, new: PhoneBook, places: list[Place]
) -> None:
    await archive(database, old, range(2))
    foreign = PhoneBook(KeyRing.generate()).seal(number(9)).enc
    async with database.transaction() as session:
        first = (await session.scalars(sa.select(Customer).order_by(sa.column("id")).limit(1))).one()
        first.phone_enc = foreign
    (progress,) = [p async for p in resealing.reseal(database, places, new, ["k1"])]
    assert (progress.done, progress.broken) == (2, 1)
    assert await resealing.in_use(database, places, "k1") > 0
