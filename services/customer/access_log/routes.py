"""The access log over HTTP, as pages of a list and as a file."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from services.customer.access_log import repository, schemas, usecases
from services.customer.access_log.repository import Filters
from services.customer.access_log.schemas import AccessRead
from shared import clock
from shared.database import Database
from shared.pagination import Page
from shared.security.tenancy import Area, Caller
from shared.spreadsheets import BOM, CSV_TYPE, content_disposition, csv_line
from shared.web.dependencies import Here, PageQuery, requires

router = APIRouter(prefix="/customer/v1", tags=["access log"])

Reader = Annotated[Caller, requires("access_log:read")]
Narrowed = Annotated[Filters, Depends(schemas.filters)]


@router.get("/access-log")
async def list_access(here: Here, caller: Reader, filters: Narrowed, page: PageQuery) -> Page[AccessRead]:
    """Who saw whom, newest first, inside the caller's area. This reading is written down as well."""
    async with here.database.reading() as session:
        found = await repository.page_of(session, caller.area, filters, page)
    async with here.database.transaction() as session:
        await usecases.note_reading(session, caller, filters, now=clock.now())
    return found.map(AccessRead.model_validate)


@router.get("/access-log.csv")
async def get_access_csv(here: Here, caller: Reader, filters: Narrowed) -> StreamingResponse:
    async with here.database.transaction() as session:
        await usecases.note_reading(session, caller, filters, now=clock.now())
    headers = {
        "Content-Disposition": content_disposition("查阅记录.csv", fallback="access-log"),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_csv(here.database, caller.area, filters), media_type=CSV_TYPE, headers=headers)


async def _csv(database: Database, area: Area, filters: Filters) -> AsyncIterator[bytes]:
    yield BOM + csv_line(schemas.HEADINGS)
    async for entries in repository.chunks_of(database, area, filters):
        yield b"".join(csv_line(line) for line in schemas.lines_of(entries))
