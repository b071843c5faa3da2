"""Queries of tickets, always inside an area, and the writes of a case."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.clocks import usecases as clocks
from services.complaints.clocks.rules.policies import Subject
from services.complaints.clocks.usecases import Versions
from services.complaints.tickets import rules
from services.complaints.tickets.errors import TicketNotFound
from services.complaints.tickets.models import (
    Case,
    ClockAlarm,
    Entry,
    Ticket,
    TicketClock,
    TicketCycle,
    TicketNumber,
)
from services.complaints.tickets.models.case import rung_by
from shared.database import insert_new, insert_rows, upsert
from shared.pagination import Page, PageRequest, paginate
from shared.personal_data import told
from shared.security.tenancy import Area

CLOCK_KEY = ("ticket_id", "cycle", "clock", "round")
ALARM_KEY = (*CLOCK_KEY, "kind")


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list of tickets may be narrowed by."""

    hall: str | None = None
    status: str | None = None
    kind: str | None = None
    category: str | None = None
    source: str | None = None
    customer_id: UUID | None = None
    handler: str | None = None
    clerk: str | None = None
    number: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None

    def conditions(self) -> list[Any]:
        """`number` finds a ticket by its own number and by the 10086 order's."""
        same = ("hall", "status", "kind", "category", "source", "customer_id", "handler", "clerk")
        wanted = [col(getattr(Ticket, n)) == getattr(self, n) for n in same if getattr(self, n) is not None]
        if self.number is not None:
            wanted.append(
                sa.or_(col(Ticket.number) == self.number, col(Ticket.work_order_number) == self.number)
            )
        if self.received_from is not None:
            wanted.append(col(Ticket.received_at) >= self.received_from)
        if self.received_to is not None:
            wanted.append(col(Ticket.received_at) < self.received_to)
        return wanted


def _inside(area: Area) -> Any:
    return area.clause(col(Ticket.hall), col(Ticket.county))


async def get_ticket(session: AsyncSession, ticket_id: UUID, area: Area, *, lock: bool = False) -> Ticket:
    """The ticket inside the area; raises TicketNotFound. `lock` keeps others from moving it meanwhile."""
    query = select(Ticket).where(col(Ticket.id) == ticket_id, _inside(area))
    # Not the key itself is locked: a timer that writes an alarm of this ticket must not wait for us, who wait for it.
    locked = query.with_for_update(key_share=True) if lock else query
    ticket = (await session.scalars(locked)).one_or_none()
    if ticket is None:
        raise TicketNotFound
    return ticket


async def get_case(session: AsyncSession, ticket_id: UUID, area: Area, *, lock: bool = True) -> Case:
    """The ticket with all that its verbs look at; raises TicketNotFound."""
    ticket = await get_ticket(session, ticket_id, area, lock=lock)
    cycle = (await session.scalars(
        select(TicketCycle).where(col(TicketCycle.ticket_id) == ticket.id, col(TicketCycle.cycle) == ticket.cycle)
    )).one()  # fmt: skip
    versions = Versions(
        ticket.policy_version, ticket.calendar_hall, ticket.calendar_version, ticket.days_version
    )
    subject = Subject(ticket.kind, ticket.category, ticket.source, ticket.tier)
    terms = await clocks.terms_under(session, versions, subject)
    log = await entries_of(session, ticket.id)
    rows = (await clocks_of(session, [ticket.id]))[ticket.id]
    return Case(ticket, cycle, list(log), replace(terms, required_by=ticket.required_by), rung_by(rows))


async def save(session: AsyncSession, case: Case) -> None:
    """Write what the verbs changed: the row, the cycle, the new lines, the clocks."""
    session.add(case.cycle)
    await session.flush()
    await insert_rows(session, Entry, case.fresh)
    case.fresh.clear()
    await upsert(session, TicketClock, case.clock_rows(), key=CLOCK_KEY)


async def insert_cases(session: AsyncSession, cases: Sequence[Case]) -> None:
    """Write new tickets, set-based."""
    await insert_rows(session, Ticket, [case.ticket for case in cases])
    await insert_rows(session, TicketCycle, [case.cycle for case in cases])
    await insert_rows(session, Entry, [entry for case in cases for entry in case.fresh])
    await insert_rows(session, TicketClock, [row for case in cases for row in case.clock_rows()])
    for case in cases:
        case.fresh.clear()


async def take_numbers(session: AsyncSession, hall: str, day: date, count: int) -> range:
    """The next `count` sequence numbers of that hall and day; the row's lock makes others wait for our commit."""
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(
        TicketNumber
    )
    take = insert.values(hall=hall, day=day, last=count).on_conflict_do_update(
        index_elements=["hall", "day"], set_={"last": col(TicketNumber.last) + count}
    )
    last = (await session.execute(take.returning(col(TicketNumber.last)))).scalar_one()
    return range(last - count + 1, last + 1)


async def tickets_page(
    session: AsyncSession, area: Area, wanted: TicketFilter, page: PageRequest
) -> Page[Ticket]:
    """Newest first."""
    query = select(Ticket).where(_inside(area), *wanted.conditions())
    return await paginate(session, query, [(col(Ticket.received_at), "desc"), (col(Ticket.id), "desc")], page)


async def entries_of(session: AsyncSession, ticket_id: UUID) -> Sequence[Entry]:
    query = select(Entry).where(col(Entry.ticket_id) == ticket_id).order_by(col(Entry.seq))
    return (await session.scalars(query)).all()


async def entries_page(session: AsyncSession, ticket_id: UUID, page: PageRequest) -> Page[Entry]:
    query = select(Entry).where(col(Entry.ticket_id) == ticket_id)
    return await paginate(session, query, [(col(Entry.seq), "asc")], page)


async def clocks_of(session: AsyncSession, ticket_ids: Collection[UUID]) -> dict[UUID, list[TicketClock]]:
    """The clocks of all cycles, by ticket, in the order of starting."""
    query = select(TicketClock).where(col(TicketClock.ticket_id).in_(ticket_ids))
    order = (
        col(TicketClock.cycle),
        col(TicketClock.started_at),
        col(TicketClock.due_at),
        col(TicketClock.clock),
    )
    found: dict[UUID, list[TicketClock]] = {ticket_id: [] for ticket_id in ticket_ids}
    for row in (await session.scalars(query.order_by(*order))).all():
        found[row.ticket_id].append(row)
    return found


async def cycles_of(session: AsyncSession, ticket_ids: Collection[UUID]) -> dict[UUID, list[TicketCycle]]:
    query = (
        select(TicketCycle).where(col(TicketCycle.ticket_id).in_(ticket_ids)).order_by(col(TicketCycle.cycle))
    )
    found: dict[UUID, list[TicketCycle]] = {ticket_id: [] for ticket_id in ticket_ids}
    for row in (await session.scalars(query)).all():
        found[row.ticket_id].append(row)
    return found


async def alarms_of(session: AsyncSession, ticket_id: UUID) -> Sequence[ClockAlarm]:
    query = select(ClockAlarm).where(col(ClockAlarm.ticket_id) == ticket_id).order_by(col(ClockAlarm.due_at))
    return (await session.scalars(query)).all()


async def clocks_to_ring(
    session: AsyncSession, before: datetime, limit: int
) -> Sequence[tuple[TicketClock, Ticket]]:
    """Clocks whose warning or due moment has passed, the oldest first."""
    query = (
        sa.select(TicketClock, Ticket)
        .join(Ticket, col(Ticket.id) == col(TicketClock.ticket_id))
        .where(col(TicketClock.alarm_at) < before)
        .order_by(col(TicketClock.alarm_at), col(TicketClock.ticket_id))
        .limit(limit)
        .with_for_update(of=TicketClock, skip_locked=True)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def keep_alarms(session: AsyncSession, alarms: Sequence[ClockAlarm]) -> set[tuple[Any, ...]]:
    """Store the alarms that are new and return their keys."""
    return await insert_new(session, ClockAlarm, alarms, key=ALARM_KEY)


async def ticket_by_source_key(session: AsyncSession, source_key: str) -> Ticket | None:
    return (await session.scalars(select(Ticket).where(col(Ticket.source_key) == source_key))).one_or_none()


async def tickets_of_orders(
    session: AsyncSession, source: str, numbers: Collection[str]
) -> dict[str, Ticket]:
    """Tickets opened for 10086 orders, by order number."""
    query = select(Ticket).where(
        col(Ticket.work_order_source) == source, col(Ticket.work_order_number).in_(numbers)
    )
    return {ticket.work_order_number or "": ticket for ticket in (await session.scalars(query)).all()}


async def open_tickets_of(session: AsyncSession, customer_id: UUID) -> Sequence[UUID]:
    query = select(Ticket.id).where(
        col(Ticket.customer_id) == customer_id, col(Ticket.status).in_(rules.OPEN)
    )
    return (await session.scalars(query.order_by(col(Ticket.id)))).all()


async def unlinked_by_phone(session: AsyncSession, indexes: Collection[str]) -> Sequence[Ticket]:
    """Tickets of callers who were not archived when they called, by their numbers."""
    query = select(Ticket).where(col(Ticket.phone_index).in_(indexes), col(Ticket.customer_id).is_(None))
    return (await session.scalars(query.with_for_update(key_share=True))).all()


async def erase_words_about(session: AsyncSession, customer_ids: Iterable[UUID], words: str) -> None:
    """Put `words` where texts could tell who the customer is. What was done, and when, stays."""
    await _erase(session, col(Ticket.customer_id).in_(list(customer_ids)), words)


async def _erase(session: AsyncSession, mine: Any, words: str) -> None:
    texts = sa.update(Entry).where(col(Entry.ticket_id).in_(sa.select(col(Ticket.id)).where(mine)))
    await session.execute(texts.values(text=None))
    blank = {"summary": words, "phone_enc": None, "phone_index": None, "phone_masked": None}
    await session.execute(sa.update(Ticket).where(mine).values(**blank))


async def ids_about(
    session: AsyncSession, customer_ids: Sequence[UUID], numbers: Collection[str]
) -> set[UUID]:
    """The tickets of these customers, and of callers with these numbers."""
    theirs = (
        await session.scalars(sa.select(col(Ticket.id)).where(col(Ticket.customer_id).in_(customer_ids)))
    ).all()
    return {*theirs, *(await session.scalars(_ids_from(numbers)))}


async def erase_words_from(session: AsyncSession, numbers: Collection[str], words: str) -> None:
    """The same for callers with these numbers whom no archive knew."""
    await _erase(session, col(Ticket.id).in_((await session.scalars(_ids_from(numbers))).all()), words)


def _ids_from(numbers: Collection[str]) -> sa.Select[Any]:
    """Of callers whom no archive knew: the others' tickets have no number of their own."""
    return sa.select(col(Ticket.id)).where(
        col(Ticket.phone_index).in_(numbers), col(Ticket.customer_id).is_(None)
    )


async def export_page(
    session: AsyncSession, area: Area, wanted: TicketFilter, after: UUID | None, limit: int
) -> Sequence[Ticket]:
    """The next tickets of an export, by id: bounded memory whatever its length."""
    query = select(Ticket).where(_inside(area), *wanted.conditions()).order_by(col(Ticket.id)).limit(limit)
    return (await session.scalars(query if after is None else query.where(col(Ticket.id) > after))).all()


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Every ticket with its cycles and every line of its log."""
    query = select(Ticket).where(col(Ticket.customer_id) == customer_id).order_by(col(Ticket.received_at))
    tickets = (await session.scalars(query)).all()
    theirs = [ticket.id for ticket in tickets]
    lines = await session.scalars(
        select(Entry).where(col(Entry.ticket_id).in_(theirs)).order_by(col(Entry.ticket_id), col(Entry.seq))
    )
    cycles = await cycles_of(session, theirs)
    return {
        "tickets": [told(ticket, "customer_id", "source_key") for ticket in tickets],
        "ticket_cycles": [told(cycle) for cycles in cycles.values() for cycle in cycles],
        "ticket_entries": [told(line, "id") for line in lines],
    }
