"""The case: a ticket with its whole log and its terms. Each verb guards, writes one line of the log, reads the clocks
anew, and returns the event; saving is the repository's work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, TypeVar
from uuid import UUID

from services.complaints.clocks.rules import timing
from services.complaints.clocks.rules.policies import FIRST_RESPONSE, NEXT_RESPONSE
from services.complaints.clocks.rules.timing import Reading, Terms
from services.complaints.clocks.usecases import Versions
from services.complaints.tickets import rules
from services.complaints.tickets.errors import AlreadyRated, RatedByHandler, TransitionNotAllowed
from services.complaints.tickets.models.tables import Entry, Ticket, TicketClock, TicketCycle
from services.complaints.tickets.rules import Action, Status
from shared import ids
from shared.events import complaints as events
from shared.phones import SealedPhone, hide_numbers

E = TypeVar("E", bound=events.TicketEvent)

SETTLED, WITHDRAWN = "settled", "withdrawn"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, in which role."""

    subject: str
    role: str


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket about to be opened: everything is looked up and checked already."""

    kind: str
    category: str
    source: str
    hall: str
    county: str
    summary: str
    received_at: datetime
    by: Actor
    customer_id: UUID | None = None
    phone: SealedPhone | None = None
    phone_masked: str | None = None
    clerk: str | None = None
    tier: str | None = None
    source_key: str | None = None
    work_order: tuple[str, str] | None = None
    required_by: datetime | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    """What the opening event says of where it came from: `activation_id`, `inbound_id`."""
    id: UUID = field(default_factory=ids.uuid7)

    @property
    def starts_at(self) -> datetime | None:
        """When its clocks start: when the customer came. None for work orders, which start when the hall has them."""
        return None if self.source == rules.WORK_ORDER else self.received_at


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a matter was settled, and who is answerable for it."""

    cause: str
    remedy: str
    note: str | None = None
    responsible_clerk: str | None = None
    responsible_hall: str | None = None


@dataclass
class Case:
    """One ticket at work."""

    ticket: Ticket
    cycle: TicketCycle
    log: list[Entry]
    terms: Terms
    rung: dict[tuple[int, str, int], TicketClock] = field(default_factory=dict)
    fresh: list[Entry] = field(default_factory=list)

    @classmethod
    def open(
        cls, new: NewTicket, number: str, terms: Terms, versions: Versions, *, now: datetime
    ) -> tuple[Self, events.ComplaintOpened]:
        """A new ticket in its first cycle."""
        started = new.starts_at or now
        cycle = TicketCycle(ticket_id=new.id, cycle=1, started_at=started, reason="opened")
        case = cls(_ticket(new, number, versions, now), cycle, [], terms)
        case._record("opened", new.by, now, at=started, text=new.summary)
        facts = {**case._caller(), **new.origin, "clocks": case._clocks()}
        return case, case._event(events.ComplaintOpened, new.received_at, **facts)

    def assign(self, handler: str, by: Actor, *, now: datetime) -> events.ComplaintAssigned:
        self._move(Action.ASSIGN)
        before, self.ticket.handler, self.cycle.handler = self.ticket.handler, handler, handler
        self._record("assigned", by, now, handler=handler, before=before)
        return self._event(events.ComplaintAssigned, now, from_handler=before, assigned_by=by.subject)

    def respond(self, by: Actor, note: str | None, *, now: datetime) -> events.ComplaintResponded | None:
        """A substantive answer to the customer; the event when it stopped a clock."""
        self._move(Action.RESPOND)
        self._take(by)
        before = self._answers_owed()
        self._record("responded", by, now, text=note)
        return self._answered(by, before, now)

    def pause(self, by: Actor, reason: str | None, *, now: datetime) -> None:
        """Wait for the customer: the clocks whose limit allows it stand still."""
        self._move(Action.PAUSE)
        self._record("paused", by, now, text=reason)

    def resume(self, by: Actor, note: str | None, *, now: datetime) -> None:
        self._move(Action.RESUME)
        self._record("resumed", by, now, text=note)

    def resolve(self, how: Resolution, by: Actor, *, now: datetime) -> list[events.TicketEvent]:
        """Settled as far as the hall can tell; the customer has the last word. What was owed is answered by it."""
        self._move(Action.RESOLVE)
        self._take(by)
        before = self._answers_owed()
        self._record("resolved", by, now, text=how.note, cause=how.cause, remedy=how.remedy)
        answered = self._answered(by, before, now)
        cycle, ticket = self.cycle, self.ticket
        cycle.resolved_at = ticket.resolved_at = now
        cycle.handler, cycle.cause, cycle.remedy = ticket.handler, how.cause, how.remedy
        cycle.responsible_clerk = how.responsible_clerk
        cycle.responsible_hall = how.responsible_hall or ticket.hall
        resolved = self._event(
            events.ComplaintResolved, now, resolved_at=now, cause=how.cause, remedy=how.remedy,
            responsible_clerk=cycle.responsible_clerk, responsible_hall=cycle.responsible_hall,
            clocks=self._clocks(), **self._caller(),
        )  # fmt: skip
        return [answered, resolved] if answered else [resolved]

    def close(self, by: Actor, *, now: datetime, score: int | None = None) -> events.ComplaintClosed:
        """The matter is finished; with a score when the customer has already been called back."""
        self._move(Action.CLOSE)
        self._record("closed", by, now, reason=SETTLED)
        if score is None:
            return self._ended(SETTLED, now)
        return self._ended(SETTLED, now, called_back_by=by.subject, score=score, out_of=rules.OUT_OF)

    def withdraw(self, by: Actor, note: str | None, *, now: datetime) -> events.ComplaintClosed:
        """The customer takes it back, or it should not have been opened: nothing is owed any more."""
        self._move(Action.WITHDRAW)
        self._record("withdrawn", by, now, text=note)
        return self._ended(WITHDRAWN, now)

    def reopen(self, by: Actor, reason: str, note: str | None, *, now: datetime) -> events.ComplaintReopened:
        """The next cycle starts; the one before stays as it was."""
        self._move(Action.REOPEN)
        ticket = self.ticket
        ticket.cycle += 1
        ticket.resolved_at = ticket.closed_at = None
        self.cycle = TicketCycle(
            ticket_id=ticket.id, cycle=ticket.cycle, started_at=now, reason=reason, handler=ticket.handler
        )
        self._record("reopened", by, now, text=note, reason=reason)
        return self._event(
            events.ComplaintReopened, now, reopened_at=now, reason=reason, clocks=self._clocks()
        )

    def escalate(
        self, by: Actor, reason: str, note: str | None, *, now: datetime
    ) -> events.ComplaintEscalated | None:
        """One step up the ladder; None at its top, where only the wish is logged."""
        self._move(Action.ESCALATE)
        before, after = self.ticket.level, rules.next_level(self.ticket.level)
        self.ticket.level = after or before
        self._record("escalated", by, now, text=note, level=self.ticket.level, reason=reason)
        if after is None:
            return None
        return self._event(events.ComplaintEscalated, now, from_level=before, level=after, reason=reason)

    def note(self, by: Actor, text: str, *, from_customer: bool, now: datetime) -> Entry:
        """A line for the record; one from the customer may start the next response."""
        return self._record("contacted" if from_customer else "noted", by, now, text=text)

    def rate(
        self, by: Actor, score: int, comment: str | None, *, good_from: int, now: datetime
    ) -> list[events.TicketEvent]:
        """What the customer says when called back. Good closes what is open, bad reopens."""
        self._may_be_rated_by(by)
        good = rules.is_good(score, good_from)
        self.cycle.score, self.cycle.rated_at, self.cycle.rated_by = score, now, by.subject
        self._record("rated", by, now, text=comment, score=score, good=good)
        said: list[events.TicketEvent] = [
            self._event(
                events.ComplaintRated, now, rated_at=now, score=score, out_of=rules.OUT_OF, good=good,
                called_back_by=by.subject,
            )
        ]  # fmt: skip
        if not good:
            said.append(self.reopen(by, "bad_rating", None, now=now))
        elif self.ticket.status == Status.RESOLVED:
            said.append(self.close(by, now=now, score=score))
        return said

    def hand_over(
        self, hall: str, county: str, clerk: str, by: Actor, *, now: datetime
    ) -> events.ComplaintAssigned | None:
        """The customer has another manager: the open ticket goes along; the event when that changes its handler."""
        ticket, before = self.ticket, self.ticket.handler
        moved = before is not None and before == ticket.clerk
        ticket.hall, ticket.county, ticket.clerk = hall, county, clerk
        if moved:
            ticket.handler = self.cycle.handler = clerk
        self._record("handed_over", by, now, hall=hall, clerk=clerk, handler=ticket.handler)
        if not moved:
            return None
        return self._event(events.ComplaintAssigned, now, from_handler=before, assigned_by=by.subject)

    def check(self, action: Action) -> None:
        """Raise TransitionNotAllowed, with what is allowed, unless the ticket's status takes this action."""
        status = Status(self.ticket.status)
        if rules.next_status(action, status) is None:
            raise not_allowed(action, rules.ACTION_NAMES[action], status)

    def readings(self) -> list[Reading]:
        return timing.read_clocks(self.log, self.terms)

    def clock_rows(self) -> list[TicketClock]:
        """The present cycle's clocks as rows, with the next moment a timer has to look at each."""
        return [self._row(reading) for reading in self.readings() if reading.run.cycle == self.ticket.cycle]

    def _row(self, reading: Reading) -> TicketClock:
        run, old = reading.run, self.rung.get(_key(reading))
        rung = {timing.WARNING: bool(old and old.warned), timing.MISSED: bool(old and old.missed)}
        alarm = timing.pending_alarm(reading, [kind for kind, done in rung.items() if done])
        return TicketClock(
            ticket_id=self.ticket.id, cycle=run.cycle, clock=run.clock, round=run.round,
            started_at=run.started_at, warn_at=reading.warn_at, due_at=reading.due_at, stopped_at=run.stopped_at,
            within=reading.within, paused=run.is_paused, cancelled=run.cancelled,
            warned=rung[timing.WARNING], missed=rung[timing.MISSED], alarm_at=alarm[1] if alarm else None,
        )  # fmt: skip

    def _may_be_rated_by(self, by: Actor) -> None:
        if self.ticket.status not in (Status.RESOLVED, Status.CLOSED):
            raise not_allowed("call_back", "回访", Status(self.ticket.status))
        if self.cycle.score is not None:
            raise AlreadyRated
        if by.subject == self.ticket.handler:
            raise RatedByHandler

    def _move(self, action: Action) -> None:
        self.check(action)
        self.ticket.status = rules.TRANSITIONS[action][Status(self.ticket.status)]

    def _take(self, by: Actor) -> None:
        """Whoever works on a ticket that nobody has handles it; a machine works for the customer's manager."""
        if self.ticket.handler is None:
            machine = by.role in ("pos", "gateway")
            self.ticket.handler = (self.ticket.clerk if machine else None) or by.subject
        self.cycle.handler = self.ticket.handler

    def _ended(self, reason: str, now: datetime, **called: Any) -> events.ComplaintClosed:
        self.ticket.closed_at = self.cycle.closed_at = now
        self.cycle.close_reason = reason
        return self._event(events.ComplaintClosed, now, closed_at=now, reason=reason, **called)

    def _record(
        self,
        kind: str,
        by: Actor,
        now: datetime,
        *,
        at: datetime | None = None,
        text: str | None = None,
        **data: Any,
    ) -> Entry:
        ticket = self.ticket
        ticket.version += 1
        ticket.updated_at = now
        entry = Entry(
            id=ids.uuid7(), ticket_id=ticket.id, seq=ticket.version, cycle=ticket.cycle, kind=kind, at=at or now,
            recorded_at=now, actor=by.subject, role=by.role, data=data, text=hide_numbers(text) if text else None,
        )  # fmt: skip
        self.log.append(entry)
        self.fresh.append(entry)
        return entry

    def _answers_owed(self) -> set[tuple[int, str, int]]:
        return {
            _key(r)
            for r in self.readings()
            if r.run.is_open and r.run.clock in (FIRST_RESPONSE, NEXT_RESPONSE)
        }

    def _answered(
        self, by: Actor, owed: set[tuple[int, str, int]], now: datetime
    ) -> events.ComplaintResponded | None:
        """The event when an answer was owed, with the clock that it stopped."""
        if self.cycle.responded_at is None:
            self.cycle.responded_at, self.cycle.responded_by = now, by.subject
        stopped = [_clock(r) for r in self.readings() if _key(r) in owed and not r.run.is_open]
        if not stopped:
            return None
        return self._event(
            events.ComplaintResponded, now, responded_at=now, responded_by=by.subject, clock=stopped[0]
        )

    def _clocks(self) -> tuple[events.Clock, ...]:
        return tuple(_clock(reading) for reading in self.readings() if reading.run.cycle == self.ticket.cycle)

    def _caller(self) -> dict[str, Any]:
        """The sealed number travels only where nobody else could know it."""
        ticket = self.ticket
        unknown = ticket.customer_id is None
        return {"phone_enc": ticket.phone_enc if unknown else None, "phone_masked": ticket.phone_masked}

    def _event(self, kind: type[E], occurred_at: datetime, **said: Any) -> E:
        return kind(**facts_of(self.ticket), occurred_at=occurred_at, **said)


def facts_of(ticket: Ticket) -> dict[str, Any]:
    """What every event of a ticket says."""
    order = None
    if ticket.work_order_source and ticket.work_order_number:
        order = events.WorkOrderRef(source=ticket.work_order_source, number=ticket.work_order_number)
    return {
        "version": ticket.version, "ticket_id": ticket.id, "number": ticket.number, "kind": ticket.kind,
        "category": ticket.category, "source": ticket.source, "customer_id": ticket.customer_id,
        "hall": ticket.hall, "county": ticket.county, "clerk": ticket.clerk, "handler": ticket.handler,
        "cycle": ticket.cycle, "received_at": ticket.received_at, "work_order": order,
    }  # fmt: skip


def not_allowed(action: str, name: str, status: Status) -> TransitionNotAllowed:
    return TransitionNotAllowed(
        action=str(action), action_name=name, status=str(status), status_name=rules.STATUS_NAMES[status],
        allowed=[str(allowed) for allowed in rules.allowed_actions(status)],
    )  # fmt: skip


def _ticket(new: NewTicket, number: str, versions: Versions, now: datetime) -> Ticket:
    order_source, order_number = new.work_order or (None, None)
    known = new.customer_id is not None
    return Ticket(
        id=new.id, version=0, number=number, kind=new.kind, category=new.category, source=new.source,
        status=Status.NEW, cycle=1, level=rules.LADDER[0], customer_id=new.customer_id,
        phone_enc=new.phone.enc if new.phone and not known else None,
        phone_index=new.phone.index if new.phone and not known else None,
        phone_masked=new.phone_masked or (new.phone.masked if new.phone else None),
        hall=new.hall, county=new.county, clerk=new.clerk, tier=new.tier, summary=hide_numbers(new.summary),
        received_at=new.received_at, recorded_at=now, recorded_by=new.by.subject, source_key=new.source_key,
        work_order_source=order_source, work_order_number=order_number, required_by=new.required_by,
        policy_version=versions.policy, calendar_hall=versions.calendar_hall, calendar_version=versions.calendar,
        days_version=versions.days, updated_at=now,
    )  # fmt: skip


def _key(reading: Reading) -> tuple[int, str, int]:
    return reading.run.cycle, reading.run.clock, reading.run.round


def _clock(reading: Reading) -> events.Clock:
    return events.Clock(
        clock=reading.run.clock, due_at=reading.due_at, at=reading.run.stopped_at, within=reading.within
    )


def rung_by(rows: Iterable[TicketClock]) -> dict[tuple[int, str, int], TicketClock]:
    """Clocks by key, to remember which alarms they have rung."""
    return {(row.cycle, row.clock, row.round): row for row in rows}
