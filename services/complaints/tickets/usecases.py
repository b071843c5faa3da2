"""Opening tickets, moving them, writing in their logs, and ringing their clocks. No use case commits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.catalogue import repository as catalogue
from services.complaints.catalogue.rules import ANSWERED, ENQUIRY
from services.complaints.clocks import usecases as clocks
from services.complaints.clocks.rules import timing
from services.complaints.clocks.rules.policies import Subject
from services.complaints.customers import repository as customers
from services.complaints.customers.repository import KnownCustomer
from services.complaints.directory import repository as directory
from services.complaints.tickets import repository, rules
from services.complaints.tickets.errors import ReceivedInTheFuture, WorkOrderHasTicket
from services.complaints.tickets.models import (
    Actor,
    Case,
    ClockAlarm,
    Entry,
    NewTicket,
    Resolution,
    Ticket,
    TicketClock,
)
from services.complaints.tickets.models.case import facts_of
from services.complaints.tickets.rules import Action
from services.complaints.work_orders import usecases as work_orders
from services.complaints.work_orders.models import WorkOrder
from shared import clock, ids, outbox
from shared.events.base import Event
from shared.events.complaints import ComplaintClockMissed
from shared.phones import SealedPhone
from shared.security.tenancy import Area

CLOCKS_MAY_DIFFER_BY = timedelta(minutes=5)
RING_CHUNK = 500
ERASED = "（客户资料已清除）"
SYSTEM = Actor("system", "system")


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """An enquiry or complaint, from a counter, a telephone, an SMS or a 10086 order."""

    area: Area
    by: Actor
    kind: str
    category: str
    source: str
    hall: str
    summary: str
    received_at: datetime
    customer_id: UUID | None = None
    phone: SealedPhone | None = None
    work_order: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class MoveTicket:
    """One action on a ticket, with what that action needs."""

    area: Area
    by: Actor
    ticket_id: UUID
    action: Action
    note: str | None = None
    handler: str | None = None
    reason: str | None = None
    cause: str | None = None
    remedy: str | None = None
    responsible_clerk: str | None = None
    responsible_hall: str | None = None


@dataclass(frozen=True, slots=True)
class WriteNote:
    """A line for the record, perhaps of what the customer said."""

    area: Area
    by: Actor
    ticket_id: UUID
    text: str
    from_customer: bool


@dataclass(frozen=True, slots=True)
class HandOverTickets:
    """A customer has another manager from now on."""

    customer_id: UUID
    hall: str
    county: str
    clerk: str


async def open_ticket(session: AsyncSession, command: OpenTicket, *, now: datetime) -> Case:
    """Raises HallNotFound, CustomerNotFound, CategoryUnknown, ReceivedInTheFuture, WorkOrderHasTicket."""
    if command.received_at > now + CLOCKS_MAY_DIFFER_BY:
        raise ReceivedInTheFuture
    hall = await directory.get_hall(session, command.hall, command.area)
    customer = await _caller(session, command)
    new = NewTicket(
        kind=command.kind,
        category=await catalogue.get_category(session, command.category),
        source=command.source,
        hall=hall.code,
        county=hall.county,
        summary=command.summary,
        received_at=min(command.received_at, now),
        by=command.by,
        phone=command.phone,
        work_order=command.work_order,
        **_of_customer(customer),
    )
    if command.work_order is not None:
        new = await _for_work_order(session, new, customer, now)
    [case] = await open_tickets(session, [new], now=now)
    return case


async def open_tickets(session: AsyncSession, tickets: Sequence[NewTicket], *, now: datetime) -> list[Case]:
    """Open many at once, set-based: numbers, terms, rows and events."""
    asked: dict[str, set[Subject]] = {}
    for new in tickets:
        asked.setdefault(new.hall, set()).add(_subject(new))
    terms = await clocks.current_terms(session, asked)
    numbers = await _numbers(session, tickets, now)
    opened = []
    for new in tickets:
        theirs, versions = terms[new.hall, _subject(new)]
        theirs = replace(theirs, required_by=new.required_by)
        opened.append(Case.open(new, numbers[new.id], theirs, versions, now=now))
    await repository.insert_cases(session, [case for case, _ in opened])
    outbox.add(session, *(event for _, event in opened))
    return [case for case, _ in opened]


async def move_ticket(session: AsyncSession, command: MoveTicket, *, now: datetime) -> Case:
    """Raises TicketNotFound, TransitionNotAllowed, ClerkUnknown, CauseUnknown, RemedyUnknown."""
    case = await repository.get_case(session, command.ticket_id, command.area)
    case.check(command.action)
    await _ring_before(session, case, now)
    said = await _VERBS[command.action](session, case, command, now)
    await repository.save(session, case)
    outbox.add(session, *said)
    return case


async def write_note(session: AsyncSession, command: WriteNote, *, now: datetime) -> tuple[Case, Entry]:
    case = await repository.get_case(session, command.ticket_id, command.area)
    await _ring_before(session, case, now)
    entry = case.note(command.by, command.text, from_customer=command.from_customer, now=now)
    await repository.save(session, case)
    return case, entry


async def save_case(session: AsyncSession, case: Case, said: Sequence[Event]) -> None:
    """For capabilities above that have used verbs of their own accord."""
    await repository.save(session, case)
    outbox.add(session, *said)


async def get_case_to_move(session: AsyncSession, ticket_id: UUID, area: Area, *, now: datetime) -> Case:
    """The locked case, with its alarms rung up to now."""
    case = await repository.get_case(session, ticket_id, area)
    await _ring_before(session, case, now)
    return case


async def ring_clocks(session: AsyncSession, *, now: datetime) -> bool:
    """Store and say every warning and miss whose moment has passed; True when there may be more."""
    due = await repository.clocks_to_ring(session, now, RING_CHUNK)
    await _ring(session, due, now)
    return len(due) == RING_CHUNK


async def hand_over_tickets(session: AsyncSession, command: HandOverTickets, *, now: datetime) -> None:
    """The customer's open tickets go along with the customer."""
    for ticket_id in await repository.open_tickets_of(session, command.customer_id):
        case = await get_case_to_move(session, ticket_id, Area.everything(), now=now)
        if (case.ticket.hall, case.ticket.clerk) == (command.hall, command.clerk):
            continue
        event = case.hand_over(command.hall, command.county, command.clerk, SYSTEM, now=now)
        await save_case(session, case, [event] if event else [])


async def link_tickets(
    session: AsyncSession, archived: Mapping[str, KnownCustomer], *, now: datetime
) -> None:
    """Callers who have been archived since: their tickets know them now. `archived` is by phone index."""
    for ticket in await repository.unlinked_by_phone(session, list(archived)):
        customer = archived[ticket.phone_index or ""]
        if ticket.source != rules.WORK_ORDER and ticket.hall != customer.hall:
            continue  # another hall's archive is none of this hall's business
        ticket.customer_id, ticket.clerk, ticket.tier = customer.id, customer.clerk, customer.tier
        ticket.phone_enc = ticket.phone_index = None
        ticket.version += 1
        ticket.updated_at = now
    await session.flush()


async def erase_customers(session: AsyncSession, customer_ids: Sequence[UUID]) -> None:
    """Nothing that could tell who it was stays in the texts; figures do."""
    await repository.erase_words_about(session, customer_ids, ERASED)


async def _caller(session: AsyncSession, command: OpenTicket) -> KnownCustomer | None:
    if command.customer_id is not None:
        return await customers.get_customer(session, command.customer_id, command.area)
    if command.phone is None:
        return None
    return await customers.by_phone(session, command.phone.index, command.area)


def _of_customer(customer: KnownCustomer | None) -> dict[str, Any]:
    if customer is None:
        return {}
    return {
        "customer_id": customer.id, "phone_masked": customer.phone_masked, "clerk": customer.clerk,
        "tier": customer.tier,
    }  # fmt: skip


async def _for_work_order(
    session: AsyncSession, new: NewTicket, customer: KnownCustomer | None, now: datetime
) -> NewTicket:
    """Note the order, or find the one a file brought; an order has one ticket.

    Noting comes first: it waits for whoever else is noting the same order, whose ticket is then there to be seen.
    """
    source, number = new.work_order or ("", "")
    order = await work_orders.note_order(session, _order(new, customer, now), now=now)
    known = (await repository.tickets_of_orders(session, source, [number])).get(number)
    if known is not None:
        raise WorkOrderHasTicket(existing_id=str(known.id), existing_number=known.number)
    return replace(new, required_by=order.binding_deadline)


def _order(new: NewTicket, customer: KnownCustomer | None, now: datetime) -> WorkOrder:
    source, number = new.work_order or ("", "")
    return WorkOrder(
        id=ids.uuid7(), version=1, source=source, number=number, category=new.category, category_text=new.category,
        content=new.summary, received_at=new.received_at, status="open", status_text="处理中",
        hall=new.hall, county=new.county, hall_name=new.hall, clerk=new.clerk, customer_id=new.customer_id,
        phone_enc=new.phone.enc if new.phone else None, phone_index=customer.phone_index if customer else (
            new.phone.index if new.phone else None),
        phone_masked=new.phone_masked or (new.phone.masked if new.phone else None),
        source_updated_at=new.received_at, ticket_id=new.id, recorded_at=now, updated_at=now,
    )  # fmt: skip


def _subject(new: NewTicket) -> Subject:
    return Subject(new.kind, new.category, new.source, new.tier)


async def _numbers(session: AsyncSession, tickets: Sequence[NewTicket], now: datetime) -> dict[UUID, str]:
    """A number for each, of the day it is recorded; halls in order, so that two transactions never wait crosswise."""
    day, numbers = clock.business_date(now), dict[UUID, str]()
    for hall, group in groupby(sorted(tickets, key=lambda new: (new.hall, new.id)), key=lambda new: new.hall):
        theirs = list(group)
        sequence = await repository.take_numbers(session, hall, day, len(theirs))
        numbers |= {
            new.id: rules.number_of(hall, f"{day:%Y%m%d}", n) for new, n in zip(theirs, sequence, strict=True)
        }
    return numbers


async def _ring_before(session: AsyncSession, case: Case, now: datetime) -> None:
    """What fell due before this moment is recorded before anything moves, whether or not a timer was awake."""
    due = [
        (row, case.ticket) for row in case.rung.values() if row.alarm_at is not None and row.alarm_at < now
    ]
    await _ring(session, due, now)


async def _ring(session: AsyncSession, due: Sequence[tuple[TicketClock, Ticket]], now: datetime) -> None:
    """The clocks' rows first, then the alarms: whoever else rings the same clock waits before it has written any."""
    alarms = [(alarm, ticket) for row, ticket in due for alarm in _alarms(row, now)]
    await session.flush()
    new = await repository.keep_alarms(session, [alarm for alarm, _ in alarms])
    said = [(a, t) for a, t in alarms if tuple(getattr(a, k) for k in repository.ALARM_KEY) in new]
    outbox.add(session, *(_missed(alarm, ticket) for alarm, ticket in said))


def _alarms(row: TicketClock, now: datetime) -> list[ClockAlarm]:
    """Ring the row's bells up to `now`: one that slept through both rings both."""
    rung = []
    for kind, at in ((timing.WARNING, row.warn_at), (timing.MISSED, row.due_at)):
        done = row.warned if kind == timing.WARNING else row.missed
        ran = row.stopped_at is None or (at is not None and at < row.stopped_at)
        if at is not None and at < now and ran and not done:
            rung.append(
                ClockAlarm(
                    ticket_id=row.ticket_id, cycle=row.cycle, clock=row.clock, round=row.round, kind=kind,
                    due_at=at, detected_at=now,
                )
            )  # fmt: skip
    row.warned = row.warned or any(alarm.kind == timing.WARNING for alarm in rung)
    row.missed = row.missed or any(alarm.kind == timing.MISSED for alarm in rung)
    row.alarm_at = row.due_at if row.stopped_at is None and not row.missed else None
    return rung


def _missed(alarm: ClockAlarm, ticket: Ticket) -> ComplaintClockMissed:
    facts = {**facts_of(ticket), "cycle": alarm.cycle}
    return ComplaintClockMissed(
        **facts, occurred_at=alarm.due_at, clock=alarm.clock, severity=alarm.kind, due_at=alarm.due_at,
        level=ticket.level,
    )  # fmt: skip


async def _assign(session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    ticket, handler = case.ticket, command.handler or command.by.subject
    day = clock.business_date(now)
    await directory.get_serving_clerk(session, handler, ticket.hall, ticket.county, day)
    return [case.assign(handler, command.by, now=now)]


async def _respond(_session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    event = case.respond(command.by, command.note, now=now)
    return [event] if event else []


async def _pause(_session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    case.pause(command.by, command.note or command.reason, now=now)
    return []


async def _resume(_session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    case.resume(command.by, command.note, now=now)
    return []


async def _resolve(session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    """An enquiry that was answered needs no cause; a complaint does."""
    plain = case.ticket.kind == rules.ENQUIRY_KIND
    how = Resolution(
        cause=await catalogue.get_cause(session, command.cause or (ENQUIRY if plain else "")),
        remedy=await catalogue.get_remedy(session, command.remedy or (ANSWERED if plain else "")),
        note=command.note,
        responsible_clerk=command.responsible_clerk,
        responsible_hall=command.responsible_hall,
    )
    return case.resolve(how, command.by, now=now)


async def _close(_session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    return [case.close(command.by, now=now)]


async def _reopen(_session: AsyncSession, case: Case, command: MoveTicket, now: datetime) -> Sequence[Event]:
    return [case.reopen(command.by, command.reason or "manual", command.note, now=now)]


async def _escalate(
    _session: AsyncSession, case: Case, command: MoveTicket, now: datetime
) -> Sequence[Event]:
    event = case.escalate(command.by, command.reason or "manual", command.note, now=now)
    return [event] if event else []


async def _withdraw(
    _session: AsyncSession, case: Case, command: MoveTicket, now: datetime
) -> Sequence[Event]:
    return [case.withdraw(command.by, command.note or command.reason, now=now)]


_Verb = Callable[[AsyncSession, Case, MoveTicket, datetime], Awaitable[Sequence[Event]]]
_VERBS: dict[Action, _Verb] = {
    Action.ASSIGN: _assign,
    Action.RESPOND: _respond,
    Action.PAUSE: _pause,
    Action.RESUME: _resume,
    Action.RESOLVE: _resolve,
    Action.CLOSE: _close,
    Action.REOPEN: _reopen,
    Action.ESCALATE: _escalate,
    Action.WITHDRAW: _withdraw,
}
