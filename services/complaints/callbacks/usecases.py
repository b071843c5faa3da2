"""Owing a call-back, and making it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.callbacks import repository
from services.complaints.callbacks.models import Callback
from services.complaints.tickets import usecases as tickets
from services.complaints.tickets.models import Actor, Case
from services.complaints.tickets.rules import Status
from services.complaints.tickets.usecases import MoveTicket
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class CallBack:
    """What the customer said when somebody asked."""

    area: Area
    by: Actor
    ticket_id: UUID
    score: int
    comment: str | None
    good_from: int


async def move_ticket(session: AsyncSession, command: MoveTicket, *, now: datetime) -> Case:
    """Any action on a ticket; closing it owes a call-back."""
    case = await tickets.move_ticket(session, command, now=now)
    if case.ticket.status == Status.CLOSED:
        await repository.keep_task(session, Callback.owed(case.ticket, now=now))
    return case


async def call_back(session: AsyncSession, command: CallBack, *, now: datetime) -> Case:
    """Raises RatedByHandler, AlreadyRated, TransitionNotAllowed. A bad rating reopens, a good one closes."""
    case = await tickets.get_case_to_move(session, command.ticket_id, command.area, now=now)
    cycle, owed = case.ticket.cycle, Callback.owed(case.ticket, now=now)
    said = case.rate(command.by, command.score, command.comment, good_from=command.good_from, now=now)
    await tickets.save_case(session, case, said)
    await repository.keep_task(session, owed)
    task = await repository.get_task(session, case.ticket.id, cycle)
    task.done(command.by.subject, command.score, now=now)
    await session.flush()
    return case
