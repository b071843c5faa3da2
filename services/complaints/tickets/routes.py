"""Tickets over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.complaints.tickets import repository, usecases
from services.complaints.tickets.models import Case
from services.complaints.tickets.repository import TicketFilter
from services.complaints.tickets.rules import Status
from services.complaints.tickets.schemas import (
    EXPORT_HEADINGS,
    ClockExplained,
    ClocksExplained,
    EntryRead,
    NoteCreate,
    TicketCreate,
    TicketRead,
    acting,
    export_row,
)
from services.complaints.work_orders.schemas import Moment
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.spreadsheets import BOM, CSV_TYPE, content_disposition, csv_line
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.etags import etag

EXPORT_CHUNK = 500

router = APIRouter(prefix="/complaints/v1", tags=["tickets"])

Reader = Annotated[Caller, requires("tickets:read")]
Writer = Annotated[Caller, requires("tickets:write")]


class TicketQuery(BaseModel):
    """Filters of lists and exports; `number` is a ticket's own or that of its 10086 order."""

    hall: str | None = None
    status: Status | None = None
    kind: str | None = None
    category: str | None = None
    source: str | None = None
    customer_id: UUID | None = None
    handler: str | None = None
    clerk: str | None = None
    number: str | None = None
    received_from: Moment | None = None
    received_to: Moment | None = None

    def to_filter(self) -> TicketFilter:
        return TicketFilter(**self.model_dump())


@router.post("/tickets", status_code=201, response_model=TicketRead)
async def open_ticket(body: TicketCreate, here: Here, once: Once, caller: Writer) -> Response:
    """Take down an enquiry or a complaint; its clocks run from the moment the customer came."""
    command = usecases.OpenTicket(
        area=caller.area,
        by=acting(caller, body.clerk),
        kind=body.kind,
        category=body.category,
        source=body.source,
        hall=body.hall,
        summary=body.summary,
        received_at=body.received_at or clock.now(),
        customer_id=body.customer_id,
        phone=here.phones.seal(body.phone) if body.phone else None,
        work_order=(body.work_order.source, body.work_order.number) if body.work_order else None,
    )
    async with once.transaction() as session:
        case = await usecases.open_ticket(session, command, now=clock.now())
        headers = {"location": f"{router.prefix}/tickets/{case.ticket.id}"}
        return once.answer(201, _read(case), etag=case.ticket.version, headers=headers)


@router.get("/tickets")
async def list_tickets(
    here: Here, caller: Reader, page: PageQuery, query: Annotated[TicketQuery, Query()]
) -> Page[TicketRead]:
    """Newest first."""
    now = clock.now()
    async with here.database.reading() as session:
        found = await repository.tickets_page(session, caller.area, query.to_filter(), page)
        clocks = await repository.clocks_of(session, [ticket.id for ticket in found.items])
    return found.map(lambda ticket: TicketRead.of(ticket, clocks[ticket.id], now))


@router.get("/tickets/export", response_class=StreamingResponse)
async def export_tickets(
    here: Here, caller: Reader, query: Annotated[TicketQuery, Query()]
) -> StreamingResponse:
    """One line per ticket and cycle with all its clocks, as CSV that Excel opens well."""
    headers = {"content-disposition": content_disposition("投诉工单.csv", fallback="tickets")}
    lines = _lines(here, caller, query.to_filter())
    return StreamingResponse(lines, media_type=CSV_TYPE, headers=headers)


@router.get("/tickets/{ticket_id}")
async def get_ticket(ticket_id: UUID, here: Here, caller: Reader, response: Response) -> TicketRead:
    """The ticket with its clocks and all its cycles."""
    async with here.database.reading() as session:
        ticket = await repository.get_ticket(session, ticket_id, caller.area)
        clocks = await repository.clocks_of(session, [ticket_id])
        cycles = await repository.cycles_of(session, [ticket_id])
    response.headers["ETag"] = etag(ticket.version)
    return TicketRead.of(ticket, clocks[ticket_id], clock.now(), cycles[ticket_id])


@router.post("/tickets/{ticket_id}/notes", status_code=201, response_model=EntryRead)
async def write_note(ticket_id: UUID, body: NoteCreate, once: Once, caller: Writer) -> Response:
    """A line for the record; numbers in it are masked."""
    by = acting(caller, body.clerk)
    command = usecases.WriteNote(caller.area, by, ticket_id, body.text, body.from_customer)
    async with once.transaction() as session:
        case, entry = await usecases.write_note(session, command, now=clock.now())
        return once.answer(201, EntryRead.model_validate(entry), etag=case.ticket.version)


@router.get("/tickets/{ticket_id}/timeline")
async def read_timeline(ticket_id: UUID, here: Here, caller: Reader, page: PageQuery) -> Page[EntryRead]:
    """The event log, oldest first, through all cycles."""
    async with here.database.reading() as session:
        await repository.get_ticket(session, ticket_id, caller.area)
        found = await repository.entries_page(session, ticket_id, page)
    return found.map(EntryRead.model_validate)


@router.get("/tickets/{ticket_id}/clocks/explain")
async def explain_clocks(ticket_id: UUID, here: Here, caller: Reader) -> ClocksExplained:
    """Every clock of every cycle with each interval that was counted, read from the event log."""
    now = clock.now()
    async with here.database.reading() as session:
        case = await repository.get_case(session, ticket_id, caller.area, lock=False)
        alarms = await repository.alarms_of(session, ticket_id)
    ticket = case.ticket
    return ClocksExplained(
        ticket_id=ticket.id,
        number=ticket.number,
        policy_version=ticket.policy_version,
        calendar=ticket.calendar_hall,
        calendar_version=ticket.calendar_version,
        days_version=ticket.days_version,
        required_by=ticket.required_by,
        clocks=[ClockExplained.of(reading, alarms, now) for reading in case.readings()],
    )


async def _lines(here: Here, caller: Caller, wanted: TicketFilter) -> AsyncIterator[bytes]:
    """The file piece by piece: what is in memory is one chunk, however long the export."""
    now, after = clock.now(), None
    yield BOM + csv_line(EXPORT_HEADINGS)
    while True:
        async with here.database.reading() as session:
            tickets = await repository.export_page(session, caller.area, wanted, after, EXPORT_CHUNK)
            ids = [ticket.id for ticket in tickets]
            cycles, clocks = (
                await repository.cycles_of(session, ids),
                await repository.clocks_of(session, ids),
            )
        rows = (export_row(t, cycle, clocks[t.id], now) for t in tickets for cycle in cycles[t.id])
        yield b"".join(csv_line(row) for row in rows)
        if len(tickets) < EXPORT_CHUNK:
            return
        after = ids[-1]


def _read(case: Case) -> TicketRead:
    return TicketRead.of(case.ticket, case.clock_rows(), clock.now(), [case.cycle])
