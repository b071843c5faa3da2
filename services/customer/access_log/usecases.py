"""Writing down that somebody looked, before they see anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import repository, rules
from services.customer.access_log.models import AccessLogEntry
from services.customer.access_log.rules import Action
from shared import ids
from shared.database import Database
from shared.security.tenancy import Caller

MOST_NOTED = 20_000
_noted: WeakKeyDictionary[Database, set[tuple[str, UUID, datetime | None]]] = WeakKeyDictionary()


class Person(Protocol):
    """Whoever was looked at, and the hall that answers for them."""

    id: UUID
    hall: str
    county: str


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody sees something of somebody."""

    actor: str
    role: str
    action: Action
    subject_kind: str = "customer"
    subject_id: UUID | None = None
    hall: str = ""
    county: str = ""
    reason: str = ""

    @classmethod
    def at_customer(cls, caller: Caller, action: Action, customer: Person, reason: str = "") -> Self:
        place = customer.hall, customer.county
        return cls(caller.subject, caller.role, action, "customer", customer.id, *place, reason)


async def note(session: AsyncSession, look: Look, *, now: datetime) -> None:
    """One line, or none where the same look has its line for this hour."""
    entry = AccessLogEntry(
        id=ids.uuid7(),
        at=now,
        actor=look.actor,
        role=look.role,
        action=look.action,
        subject_kind=look.subject_kind,
        subject_id=look.subject_id,
        hall=look.hall,
        county=look.county,
        reason=look.reason,
        hour=rules.hour_of(look.action, now),
    )
    await repository.add(session, entry)


async def note_view(database: Database, caller: Caller, customer: Person, *, now: datetime) -> None:
    """That a person opens this record. In a transaction of its own, since a reading has none.

    What this process has committed for the hour is not written again; of other processes the unique key knows.
    """
    if not rules.is_person(caller.role):
        return
    noted = _noted.setdefault(database, set())
    seen = caller.subject, customer.id, rules.hour_of(Action.VIEWED, now)
    if seen in noted:
        return
    async with database.transaction() as session:
        await note(session, Look.at_customer(caller, Action.VIEWED, customer), now=now)
    if len(noted) >= MOST_NOTED:
        noted.clear()
    noted.add(seen)


async def note_reading(
    session: AsyncSession, caller: Caller, filters: repository.Filters, *, now: datetime
) -> None:
    """Whoever reads the log stands in it, with the customer they asked about."""
    about = "customer" if filters.customer_id else "log"
    place = filters.hall or caller.hall or "", caller.county or ""
    look = Look(caller.subject, caller.role, Action.LOG_READ, about, filters.customer_id, *place)
    await note(session, look, now=now)
