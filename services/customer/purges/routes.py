"""Off-net lists, cleanings and erasure over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from services.customer.archive.schemas import CustomerRead
from services.customer.purges import repository, usecases
from services.customer.purges.gateways.lists import rejected_csv, take_in
from services.customer.purges.schemas import (
    Erasure,
    LeftNetwork,
    OffNetListRead,
    OffNetListShort,
    OffNetRowRead,
    PurgeCreate,
    PurgeRead,
    PurgeRowRead,
    PurgeShort,
    read_purge,
)
from services.customer.purges.usecases import (
    EraseCustomer,
    FetchRejected,
    List,
    MarkLeft,
    OpenList,
    StartPurge,
)
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.spreadsheets import CSV_TYPE, content_disposition, read_rows
from shared.web.dependencies import Here, IfMatchToChange, Once, PageQuery, requires
from shared.web.limits import UPLOAD_LIMIT

router = APIRouter(prefix="/customer/v1", tags=["purges"])

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("customers:write")]
Importer = Annotated[Caller, requires("imports:write")]
Cleaner = Annotated[Caller, requires("purges:write")]


@router.post("/customers/{customer_id}/left-network", status_code=201, response_model=CustomerRead)
async def mark_left(customer_id: UUID, body: LeftNetwork, once: Once, caller: Writer) -> Response:
    """The number left the network (离网). The customer is not written to any more, and cleaned at the month's end."""
    now = clock.now()
    by = "pos" if caller.role == "pos" else "page"
    command = MarkLeft(caller.area, customer_id, body.left_at or now, by, body.reason)
    async with once.transaction() as session:
        customer = await usecases.mark_left(session, command, now=now)
        return once.answer(201, CustomerRead.of(customer), etag=customer.version)


@router.delete("/customers/{customer_id}", status_code=204)
async def erase_customer(
    customer_id: UUID, here: Here, caller: Writer, if_match: IfMatchToChange, body: Erasure | None = None
) -> Response:
    """Erasure on request: at once and for good. A version that is stated must be the newest. Again is 204 again."""
    asked = body or Erasure()
    command = EraseCustomer(caller.area, customer_id, caller.subject, caller.role, asked.reason)
    async with here.database.transaction() as session:
        await usecases.erase_customer(
            session, command, unless_stale=if_match.check if if_match.tags else _any_version, now=clock.now()
        )
    return Response(status_code=204)


@router.post("/off-net-lists", status_code=202, response_model=OffNetListRead, max_body_size=UPLOAD_LIMIT)
async def take_list(
    file: UploadFile, here: Here, once: Once, caller: Importer, dry_run: Annotated[bool, Form()] = False
) -> Response:
    """Take in the operator's list of numbers that left, XLSX or CSV; it is worked through in the background."""
    await once.replay_if_known()
    lines = await run_in_threadpool(lambda: List(read_rows(file.file), here.phones))
    list_id = await take_in(here, lines, OpenList(caller.area, caller.subject, dry_run, file.filename or ""))
    async with once.transaction() as session:
        job = await usecases.queue_list(session, list_id)
        answer = OffNetListRead.of(job, await repository.line_counts(session, list_id))
        return once.answer(202, answer, headers={"Location": f"/customer/v1/off-net-lists/{list_id}"})


@router.get("/off-net-lists")
async def list_lists(here: Here, caller: Importer, page: PageQuery) -> Page[OffNetListShort]:
    async with here.database.reading() as session:
        found = await repository.lists_page(session, caller.area, page)
    return found.map(OffNetListShort.model_validate)


@router.get("/off-net-lists/{job_id}")
async def get_list(job_id: UUID, here: Here, caller: Importer) -> OffNetListRead:
    async with here.database.reading() as session:
        job = await repository.get_list(session, job_id, caller.area)
        return OffNetListRead.of(job, await repository.line_counts(session, job_id))


@router.get("/off-net-lists/{job_id}/rows")
async def list_lines(job_id: UUID, here: Here, caller: Importer, page: PageQuery) -> Page[OffNetRowRead]:
    """What became of every line, in the order of the file."""
    async with here.database.reading() as session:
        job = await repository.get_list(session, job_id, caller.area)
        found = await repository.lines_page(session, job.id, page)
    return found.map(OffNetRowRead.model_validate)


@router.get("/off-net-lists/{job_id}/rejected")
async def get_rejected(job_id: UUID, here: Here, caller: Importer) -> StreamingResponse:
    """The refused lines as a CSV that can be corrected and sent again. It shows numbers, so the access log has it."""
    async with here.database.transaction() as session:
        fetch = FetchRejected(caller.area, job_id, caller.subject, caller.role)
        await usecases.fetch_rejected(session, fetch, now=clock.now())
    headers = {"Content-Disposition": content_disposition("退回.csv"), "Cache-Control": "no-store"}
    return StreamingResponse(rejected_csv(here, job_id), media_type=CSV_TYPE, headers=headers)


@router.post("/purges", status_code=202, response_model=PurgeRead)
async def start_purge(body: PurgeCreate, once: Once, caller: Cleaner) -> Response:
    """Clean the caller's area of who left by the end of that month, or rehearse it; follow it at `Location`."""
    command = StartPurge(caller.area, body.month, body.dry_run, caller.subject, caller.role)
    async with once.transaction() as session:
        purge = await usecases.start_purge(session, command, now=clock.now())
        return once.answer(
            202, PurgeRead.of(purge, {}), headers={"Location": f"/customer/v1/purges/{purge.id}"}
        )


@router.get("/purges")
async def list_purges(here: Here, caller: Reader, page: PageQuery) -> Page[PurgeShort]:
    """The record of cleanings, newest first."""
    async with here.database.reading() as session:
        found = await repository.purges_page(session, caller.area, page)
    return found.map(PurgeShort.model_validate)


@router.get("/purges/{job_id}")
async def get_purge(job_id: UUID, here: Here, caller: Reader) -> PurgeRead:
    """How far it is, by hall, with a masked sample of who is still to be erased."""
    async with here.database.reading() as session:
        return await read_purge(session, job_id, caller.area)


@router.get("/purges/{job_id}/rows")
async def list_rows(job_id: UUID, here: Here, caller: Reader, page: PageQuery) -> Page[PurgeRowRead]:
    async with here.database.reading() as session:
        purge = await repository.get_purge(session, job_id, caller.area)
        found = await repository.rows_page(session, purge.id, page)
    return found.map(PurgeRowRead.model_validate)


@router.post("/purges/{job_id}/cancellation", response_model=PurgeRead)
async def cancel_purge(job_id: UUID, once: Once, caller: Cleaner) -> Response:
    """Stop after the chunk in hand; who is erased stays erased."""
    async with once.transaction() as session:
        purge = await usecases.cancel_purge(session, job_id, caller.area, now=clock.now())
        return once.answer(200, PurgeRead.of(purge, await repository.counts_by_hall(session, purge.id)))


def _any_version(_version: int | str) -> None:
    """The caller did not say which one they had read."""
