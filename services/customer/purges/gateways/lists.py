"""An uploaded list on its way in, and its refused lines on their way out."""

from collections.abc import AsyncIterator
from uuid import UUID

from starlette.concurrency import iterate_in_threadpool

from services.customer.purges import repository, usecases
from services.customer.purges.schemas import REJECTED_HEADINGS, rejected_line
from services.customer.purges.usecases import List, OpenList
from shared import clock
from shared.runtime import Runtime
from shared.spreadsheets import BOM, csv_line

CHUNK = 500


async def take_in(here: Runtime, lines: List, command: OpenList) -> UUID:
    """Each chunk of lines in a transaction of its own; a list that breaks off is taken out again."""
    async with here.database.transaction() as session:
        job = await usecases.open_list(session, command, now=clock.now())
    try:
        async for chunk in iterate_in_threadpool(lines.chunks()):
            async with here.database.transaction() as session:
                await usecases.receive_lines(session, job.id, chunk)
    except BaseException:
        async with here.database.transaction() as session:
            await repository.delete_list(session, job.id)
        raise
    return job.id


async def rejected_csv(here: Runtime, list_id: UUID) -> AsyncIterator[bytes]:
    yield BOM + csv_line(REJECTED_HEADINGS)
    after = 0
    while True:
        async with here.database.reading() as session:
            rows = await repository.rejected_after(session, list_id, after, CHUNK)
        if not rows:
            return
        yield b"".join(csv_line(rejected_line(row, _opened(here, row.phone_enc))) for row in rows)
        after = rows[-1].line


def _opened(here: Runtime, sealed: str | None) -> str:
    return here.phones.open(sealed).removeprefix("+86") if sealed else ""
