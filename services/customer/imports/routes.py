"""The archive's sheet over HTTP: take one in, follow the import, fetch what was refused, and the sheet itself."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Depends, Response, UploadFile
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import StreamingResponse

from services.customer.access_log import usecases as access_log
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.archive.schemas import Place
from services.customer.imports import repository, usecases
from services.customer.imports.gateways.spreadsheets import ArchiveOfHall, rejected_csv
from services.customer.imports.schemas import ImportForm, ImportRead, ImportRowRead
from services.customer.imports.usecases import FetchRejected, OpenImport, Sheet
from shared import clock
from shared.pagination import Page
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.spreadsheets import CSV_TYPE, XLSX_TYPE, content_disposition, read_rows
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.limits import UPLOAD_LIMIT

PART = 1 << 20
router = APIRouter(prefix="/customer/v1", tags=["imports"])

Reader = Annotated[Caller, requires("customers:read")]
Importer = Annotated[Caller, requires("imports:write")]


@router.post("/imports", status_code=202, response_model=ImportRead, max_body_size=UPLOAD_LIMIT)
async def start_import(
    file: UploadFile, here: Here, once: Once, caller: Importer, form: Annotated[ImportForm, Depends()]
) -> Response:
    """Take a sheet in, XLSX or CSV, in the archive's form; its lines are worked through in the background."""
    await once.replay_if_known()
    digest = await run_in_threadpool(_digest, file.file)
    sheet = await run_in_threadpool(lambda: Sheet(read_rows(file.file), here.phones))
    facts = form.facts(file.filename or "", digest)
    job_id = await _take_in(here, sheet, OpenImport(caller.area, sheet.heading, caller.subject, **facts))
    async with once.transaction() as session:
        job = await usecases.queue_import(session, job_id)
        answer = ImportRead.of(job, await repository.counts_of(session, job_id))
        return once.answer(202, answer, headers={"Location": f"/customer/v1/imports/{job_id}"})


@router.get("/imports/{job_id}")
async def get_import(job_id: UUID, here: Here, caller: Importer) -> ImportRead:
    async with here.database.reading() as session:
        job = await repository.get_job(session, job_id, caller.area)
        return ImportRead.of(job, await repository.counts_of(session, job_id))


@router.get("/imports/{job_id}/rows")
async def list_rows(job_id: UUID, here: Here, caller: Importer, page: PageQuery) -> Page[ImportRowRead]:
    """What became of every line, in the order of the file."""
    async with here.database.reading() as session:
        job = await repository.get_job(session, job_id, caller.area)
        found = await repository.rows_page(session, job.id, page)
    return found.map(ImportRowRead.model_validate)


@router.get("/imports/{job_id}/rejected")
async def get_rejected(job_id: UUID, here: Here, caller: Importer) -> StreamingResponse:
    """The refused lines as a CSV that can be corrected and sent again. It shows numbers, so the access log has it."""
    async with here.database.transaction() as session:
        job = await usecases.fetch_rejected(
            session, FetchRejected(caller.area, job_id, caller.subject, caller.role), now=clock.now()
        )
    return _download(rejected_csv(here.database, here.phones, job.id), CSV_TYPE, "退回.csv")


@router.get("/archive.csv")
async def get_archive_csv(here: Here, caller: Reader, hall: Place | None = None) -> StreamingResponse:
    archive = await _opened(here, caller, hall)
    return _download(archive.csv(), CSV_TYPE, f"{archive.hall.name}档案.csv")


@router.get("/archive.xlsx")
async def get_archive_xlsx(here: Here, caller: Reader, hall: Place | None = None) -> StreamingResponse:
    archive = await _opened(here, caller, hall)
    return _download(archive.xlsx(), XLSX_TYPE, f"{archive.hall.name}档案.xlsx")


async def _opened(here: Runtime, caller: Caller, hall: str | None) -> ArchiveOfHall:
    """The access log has it before the first byte leaves."""
    archive = await ArchiveOfHall.open(here.database, hall, caller.area, clock.now())
    place = archive.hall.code, archive.hall.county
    look = Look(caller.subject, caller.role, Action.ARCHIVE_EXPORTED, "hall", None, *place)
    async with here.database.transaction() as session:
        await access_log.note(session, look, now=clock.now())
    return archive


async def _take_in(here: Runtime, sheet: Sheet, command: OpenImport) -> UUID:
    """Each chunk of lines in a transaction of its own; a sheet that breaks off is taken out again."""
    async with here.database.transaction() as session:
        job = await usecases.open_import(session, command, now=clock.now())
    try:
        async for lines in iterate_in_threadpool(sheet.chunks()):
            async with here.database.transaction() as session:
                await usecases.receive_lines(session, job.id, lines)
    except BaseException:
        async with here.database.transaction() as session:
            await repository.delete_job(session, job.id)
        raise
    return job.id


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while part := file.read(PART):
        digest.update(part)
    return digest.hexdigest()


def _download(content: AsyncIterator[bytes], kind: str, name: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": content_disposition(name, fallback="archive"),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, media_type=kind, headers=headers)
