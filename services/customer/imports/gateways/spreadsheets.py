"""The archive of one hall as CSV or XLSX in exactly the form that is imported, and the lines an import refused."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from services.customer.archive import repository as archive
from services.customer.archive.rules import CodeTables
from services.customer.directory import repository as directory
from services.customer.directory.models import Hall
from services.customer.imports import repository
from services.customer.imports.errors import HallRequired
from services.customer.imports.rules import form
from services.customer.imports.schemas import line_of, lines_above, rejected_headings, rejected_line
from shared.database import Database
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.spreadsheets import BOM, Workbook, csv_line

CHUNK = 500
PART = 1 << 16
WIDTHS = (22, 16, 12, 8, 10, 8, 14, 16, 16, 18, 28, 28, 12, 10, 14, 14, 14)


@dataclass(frozen=True, slots=True)
class ArchiveOfHall:
    """What is above and below the lines, read before the first byte is sent, and the lines in chunks."""

    database: Database
    hall: Hall
    county: str
    clerks: dict[str, str]
    tables: CodeTables
    at: datetime

    @classmethod
    async def open(cls, database: Database, hall: str | None, area: Area, at: datetime) -> "ArchiveOfHall":
        """The hall asked for, or the only one the area has. Raises HallRequired, HallNotFound."""
        wanted = hall or area.hall
        if wanted is None:
            raise HallRequired
        async with database.reading() as session:
            found = await directory.get_hall(session, wanted, area)
            county = await directory.get_county(session, found.county)
            clerks = await directory.clerk_names_of_hall(session, found.code)
            tables = await archive.code_tables(session)
        return cls(database, found, county.name, clerks, tables, at)

    async def csv(self) -> AsyncIterator[bytes]:
        yield BOM
        for line in lines_above(self.county, self.hall.name, self.at):
            yield csv_line(line)
        async for lines in self._chunks():
            yield b"".join(csv_line(line) for line in lines)
        for line in self._lines_below():
            yield csv_line(line)

    async def xlsx(self) -> AsyncIterator[bytes]:
        """Built in a temporary file first: the format ends with its index. Numbers in it are masked."""
        book = Workbook("档案", widths=WIDTHS)
        title, *above = lines_above(self.county, self.hall.name, self.at)
        book.append_title(title[0], columns=len(form.Column))
        for line in above:
            book.append(line)
        async for lines in self._chunks():
            await run_in_threadpool(_append_all, book, lines)
        _append_all(book, self._lines_below())
        with tempfile.TemporaryFile() as file:
            await run_in_threadpool(book.save, file)
            file.seek(0)
            while part := await run_in_threadpool(file.read, PART):
                yield part

    async def _chunks(self) -> AsyncIterator[list[list[Any]]]:
        after: UUID | None = None
        while True:
            async with self.database.reading() as session:
                records = await archive.records_of_hall(session, self.hall.code, after, CHUNK)
            if records:
                yield [line_of(r, self.clerks.get(r.customer.clerk, "")) for r in records]
            if len(records) < CHUNK:
                return
            after = records[-1].customer.id

    def _lines_below(self) -> list[list[str]]:
        return [[""], *([legend] for legend in form.legends(self.tables))]


async def rejected_csv(database: Database, phones: PhoneBook, job_id: UUID) -> AsyncIterator[bytes]:
    """The lines an import refused, as they came and with the reason: corrected, the file can be imported as it is.

    CSV, since it goes out line by line: a workbook would pass through a temporary file, with the numbers in clear.
    """
    yield BOM + csv_line(rejected_headings())
    after = -1
    while True:
        async with database.reading() as session:
            rows = await repository.rejected_after(session, job_id, after, CHUNK)
        yield b"".join(csv_line(rejected_line(row, _number(phones, row.phone_enc))) for row in rows)
        if len(rows) < CHUNK:
            return
        after = rows[-1].line


def _append_all(book: Workbook, lines: list[list[Any]]) -> None:
    for line in lines:
        book.append(line)


def _number(phones: PhoneBook, sealed: str | None) -> str:
    return phones.open(sealed).removeprefix("+86") if sealed else ""
