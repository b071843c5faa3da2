"""Call-backs over HTTP, and the transitions of tickets, since closing one owes a call-back."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from services.complaints.callbacks import repository, usecases
from services.complaints.callbacks.schemas import CallbackCreate, CallbackRead
from services.complaints.config import ComplaintsSettings
from services.complaints.tickets.models import Case
from services.complaints.tickets.rules import Action
from services.complaints.tickets.schemas import TicketRead, Transition, acting
from services.complaints.tickets.usecases import MoveTicket
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/complaints/v1", tags=["callbacks"])

Reader = Annotated[Caller, requires("tickets:read")]
Writer = Annotated[Caller, requires("tickets:write")]


@router.post("/tickets/{ticket_id}/transitions", response_model=TicketRead)
async def move_ticket(ticket_id: UUID, body: Transition, once: Once, caller: Writer) -> Response:
    """One action; what the present status does not take is 409 with the actions it does."""
    async with once.transaction() as session:
        case = await usecases.move_ticket(session, _command(ticket_id, body, caller), now=clock.now())
        return once.answer(200, _read(case), etag=case.ticket.version)


@router.post("/tickets/{ticket_id}/callback", status_code=201, response_model=TicketRead)
async def call_back(
    ticket_id: UUID, body: CallbackCreate, here: Here, once: Once, caller: Writer
) -> Response:
    """Ask the customer how it went. Not the handler's to do; a bad rating reopens the ticket."""
    command = usecases.CallBack(
        area=caller.area,
        by=acting(caller, body.clerk),
        ticket_id=ticket_id,
        score=body.score,
        comment=body.comment,
        good_from=ComplaintsSettings.of(here.settings).good_score,
    )
    async with once.transaction() as session:
        case = await usecases.call_back(session, command, now=clock.now())
        return once.answer(201, _read(case), etag=case.ticket.version)


@router.get("/callbacks")
async def list_callbacks(
    here: Here, caller: Reader, page: PageQuery, status: Literal["open", "done"] | None = None
) -> Page[CallbackRead]:
    """Whom to call back, the longest waiting first."""
    async with here.database.reading() as session:
        found = await repository.callbacks_page(session, caller.area, status, page)
    return found.map(CallbackRead.model_validate)


def _command(ticket_id: UUID, body: Transition, caller: Caller) -> MoveTicket:
    return MoveTicket(
        area=caller.area,
        by=acting(caller, body.clerk),
        ticket_id=ticket_id,
        action=Action(body.action),
        **body.model_dump(exclude={"action", "clerk"}),
    )


def _read(case: Case) -> TicketRead:
    return TicketRead.of(case.ticket, case.clock_rows(), clock.now(), [case.cycle])
