"""Importing a sheet from its bytes to the last archived customer, beside a bare batched insert of the rows it leaves.

Both write to the same PostgreSQL in batches of 500: customers, their consents and the outbox rows. The bare side gives
rows new ids and hands them to SQLAlchemy's own batched INSERT; ours reads the sheet, seals, checks,
finds doubles, says what happened and reports every line.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from bench.engines import Engines
from bench.measure import compare
from deploy.demo import organisation
from services.customer.archive.models import Customer
from services.customer.config import CustomerSettings
from services.customer.consent.models import Consent
from services.customer.consent.rules import Evidence
from services.customer.directory.usecases import LoadDirectory, load_directory
from services.customer.imports import repository, usecases
from services.customer.imports.rules.form import HEADINGS
from services.customer.imports.usecases import OpenImport, Sheet
from shared import clock, ids, migrations
from shared.database import Database
from shared.keyring import KeyRing
from shared.ledger import OUTBOX
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.spreadsheets import csv_lines, read_rows

ROWS, BATCH = 10_000, 500
HALL, CLERK = "ZZ01", "ZZ0102"
_numbers = itertools.count(1)


async def run(engines: Engines) -> None:
    engines.database("hall_customer")
    settings = CustomerSettings(database_url=engines.postgres.url("hall_{service}"))
    url = settings.database_url_of("customer")
    await asyncio.to_thread(migrations.upgrade, "customer", url)
    database, phones = Database(url, "customer"), PhoneBook(KeyRing.generate())
    everything = LoadDirectory(organisation.counties(), organisation.halls(), organisation.clerks())
    async with database.transaction() as session:
        await load_directory(session, everything, now=clock.now())
    try:
        await _import(database, phones, a_sheet(1000))
        rows = await _left_behind(database)
        await compare(
            "imports",
            "rows/s",
            0.4,
            lambda: _import(database, phones, a_sheet(ROWS)),
            lambda: _insert(database, rows),
        )
    finally:
        await database.close()


def a_sheet(lines: int) -> bytes:
    """A CSV file in the archive's form, every line good and new."""
    rows: list[list[Any]] = [list(HEADINGS.values())]
    for number in itertools.islice(_numbers, lines):
        cells = [CLERK, f"138{number:08d}", "李锐", 2, 2, "男", 1, "4", "4", 0, "", "", "2026.6.24"]
        rows.append([*cells, "是", "是", "是", "否"])
    return b"".join(csv_lines(rows))


async def _import(database: Database, phones: PhoneBook, content: bytes) -> float:
    """Lines per second, from the file to the completed report."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        sheet = Sheet(read_rows(file), phones)
        command = OpenImport(
            Area.everything(),
            sheet.heading,
            "bench",
            HALL,
            "create",
            False,
            "bench.csv",
            Evidence("sheet", "1"),
            None,
        )
        async with database.transaction() as session:
            job = await usecases.open_import(session, command, now=clock.now())
        for lines in sheet.chunks():
            async with database.transaction() as session:
                await usecases.receive_lines(session, job.id, lines)
    async with database.transaction() as session:
        await usecases.queue_import(session, job.id)
    while await _worked(database):
        pass
    async with database.reading() as session:
        counts = await repository.counts_of(session, job.id)
    if set(counts) != {"created"}:
        raise RuntimeError(f"not every line was archived: {counts}")
    return counts["created"] / (time.perf_counter() - started)


async def _worked(database: Database) -> bool:
    async with database.transaction() as session:
        return await usecases.work_on_imports(session, now=clock.now())


Batch = list[tuple[Any, list[dict[str, Any]]]]


async def _left_behind(database: Database) -> Batch:
    """The rows of one batch of customers as an import leaves them, to be written again under other keys."""
    async with database.reading() as session:
        ids = sa.select(Customer.__table__.c.id).order_by(sa.column("id")).limit(BATCH)  # type: ignore[attr-defined]
        found: Batch = []
        for table, column in ((Customer.__table__, "id"), (Consent.__table__, "customer_id")):  # type: ignore[attr-defined]
            rows = (await session.execute(sa.select(table).where(table.c[column].in_(ids)))).mappings()
            found.append((table, [dict(row) for row in rows]))
        said = (await session.execute(sa.select(OUTBOX).limit(BATCH))).mappings()
        found.append((OUTBOX, [{k: v for k, v in row.items() if k != "seq"} for row in said]))
    return found


async def _insert(database: Database, rows: Batch) -> float:
    """Customers per second."""
    started = time.perf_counter()
    for batch in _again(rows, ROWS // BATCH):
        async with database.engine.begin() as connection:
            for table, values in batch:
                await connection.execute(sa.insert(table), values)
    return ROWS / (time.perf_counter() - started)


def _again(rows: Batch, times: int) -> Iterator[Batch]:
    for _ in range(times):
        batch: Batch = []
        for table, values in rows:
            fresh = [{**row, **({"id": ids.uuid7()} if "id" in row else {})} for row in values]
            if "phone_index" in table.c:
                fresh = [{**row, "phone_index": ids.uuid7().hex * 2} for row in fresh]
            batch.append((table, fresh))
        yield batch
