"""Files of orders over HTTP: read and sealed in memory, applied by the worker."""

import asyncio
import hashlib
from typing import Annotated, BinaryIO, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile

from services.complaints.imports import repository, usecases
from services.complaints.imports.errors import ColumnsMissing, FileTooLong
from services.complaints.imports.rules import (
    MOST_ROWS,
    BadRow,
    HeadingsMissing,
    OrderRow,
    TooManyRows,
    read_orders,
)
from services.complaints.imports.schemas import ImportRead, ImportRowRead
from services.complaints.imports.usecases import ReceiveFile, SealedRow
from services.complaints.tickets.models import Actor
from shared import clock
from shared.pagination import Page
from shared.phones import InvalidPhone, PhoneBook
from shared.security.tenancy import Caller
from shared.spreadsheets import read_rows
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.limits import UPLOAD_LIMIT

router = APIRouter(prefix="/complaints/v1", tags=["work orders"])

Reader = Annotated[Caller, requires("work_orders:read")]
Writer = Annotated[Caller, requires("work_orders:write")]
CHUNK = 1 << 20
RowStatus = Literal["pending", "created", "updated", "unchanged", "rejected"]


@router.post("/work-orders/imports", status_code=202, response_model=ImportRead, max_body_size=UPLOAD_LIMIT)
async def import_orders(
    file: Annotated[UploadFile, File()],
    here: Here,
    once: Once,
    caller: Writer,
    dry_run: Annotated[bool, Form()] = False,
) -> Response:
    """An extract of 10086 orders, CSV (UTF-8 or GB18030) or XLSX; the job tells what became of each row."""
    rows, digest = await asyncio.to_thread(_read, file.file, here.phones)
    by = Actor(caller.subject, caller.role)
    command = ReceiveFile(caller.area, by, file.filename or "", digest, dry_run, rows)
    async with once.transaction() as session:
        job = await usecases.receive_file(session, command, now=clock.now())
        headers = {"location": f"{router.prefix}/work-orders/imports/{job.id}"}
        return once.answer(202, ImportRead.model_validate(job), headers=headers)


@router.get("/work-orders/imports/{job_id}")
async def get_import(job_id: UUID, here: Here, caller: Reader) -> ImportRead:
    """Progress and counts."""
    async with here.database.reading() as session:
        return ImportRead.model_validate(await repository.get_job(session, job_id, caller.area))


@router.get("/work-orders/imports/{job_id}/rows")
async def list_import_rows(
    job_id: UUID, here: Here, caller: Reader, page: PageQuery, status: RowStatus | None = None
) -> Page[ImportRowRead]:
    """What became of each row, with the reason where it was refused."""
    async with here.database.reading() as session:
        await repository.get_job(session, job_id, caller.area)
        found = await repository.rows_page(session, job_id, status, page)
    return found.map(ImportRowRead.model_validate)


def _read(file: BinaryIO, phones: PhoneBook) -> tuple[list[SealedRow | BadRow], str]:
    """Every row with its number sealed as it is read, and the file's SHA-256. Runs beside the event loop."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    try:
        return [_sealed(row, phones) for row in read_orders(read_rows(file))], digest.hexdigest()
    except HeadingsMissing as missing:
        raise ColumnsMissing(columns=str(missing)) from missing
    except TooManyRows as error:
        raise FileTooLong(most=MOST_ROWS) from error


def _sealed(row: OrderRow | BadRow, phones: PhoneBook) -> SealedRow | BadRow:
    if isinstance(row, BadRow):
        return row
    try:
        return SealedRow(row, phones.seal(row.phone))
    except InvalidPhone:
        return BadRow(row.line, row.number, "phone-invalid", "客户号码不是有效的手机号码")
