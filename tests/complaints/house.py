"""The small house of the complaints tests: two counties, three halls, five clerks, and what can be told of them."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from services.complaints.tickets import usecases
from services.complaints.tickets.models import Actor, Case
from services.complaints.tickets.rules import Action
from services.complaints.tickets.usecases import MoveTicket, OpenTicket
from shared import ids
from shared.bus.port import Fetched
from shared.database import Database
from shared.events.base import Envelope, Event
from shared.events.customer import ClerkChanged, CustomerRegistered, HallChanged, OpeningHours
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said

E = TypeVar("E", bound=Event)
Tell = Callable[..., Awaitable[None]]

BASE = "http://hall.test"
GOLDEN = Path(__file__).parent.parent / "contracts" / "events"
HALLS = {
    "ZZ01": ("资中大十字营业厅", "大十字营业厅", "zizhong"),
    "ZZ02": ("资中重龙营业厅", "重龙营业厅", "zizhong"),
    "WY01": ("威远严陵营业厅", "严陵营业厅", "weiyuan"),
}
COUNTIES = {"zizhong": "资中", "weiyuan": "威远"}
CLERKS = {"ZZ0100": "ZZ01", "ZZ0101": "ZZ01", "ZZ0102": "ZZ01", "ZZ0201": "ZZ02", "WY0101": "WY01"}
HERE = Area(county="zizhong", hall="ZZ01")
CLERK, COLLEAGUE = Actor("ZZ0101", "clerk"), Actor("ZZ0102", "clerk")
PHONE = "13900000002"
AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
"""Wednesday, ten o'clock at the hall."""


def an(event: type[E], **members: Any) -> E:
    """The agreed example of the event with other members."""
    example = json.loads((GOLDEN / f"{event.topic}.json").read_text(encoding="utf-8"))
    return event.model_validate({**example, **members})


def messages_of(*events: Any) -> list[Fetched]:
    """The events as they come from the bus, each as a message of its own."""
    return [
        Fetched(e.topic, e.key, _envelope(e).to_headers(), e.to_json(), 0, offset)
        for offset, e in enumerate(events)
    ]


def _envelope(event: Event) -> Envelope:
    speaker = event.speakers[0]
    return Envelope(ids.uuid7(), f"/{speaker}", event.topic, AT, event.key, event.version)


def the_house() -> list[Event]:
    """The directory, as the customer service tells it: open daily from nine to six."""
    return [*(a_hall(code) for code in HALLS), *(a_clerk(staff_no) for staff_no in CLERKS)]


def a_hall(code: str, *, version: int = 1, opening: tuple[OpeningHours, ...] | None = None) -> HallChanged:
    full, short, county = HALLS[code]
    daily = OpeningHours(weekdays=(1, 2, 3, 4, 5, 6, 7), opens=time(9), closes=time(18))
    return an(
        HallChanged, code=code, full_name=full, short_name=short, county=county, county_name=COUNTIES[county],
        opening_hours=(daily,) if opening is None else opening, version=version, effective_from=date(2026, 1, 1),
        effective_to=None,
    )  # fmt: skip


def a_clerk(staff_no: str, **members: Any) -> ClerkChanged:
    hall = CLERKS[staff_no]
    role = "hall_manager" if staff_no.endswith("00") else "clerk"
    facts = {"hall": hall, "county": HALLS[hall][2], "role": role, "version": 1, "effective_to": None}
    return an(ClerkChanged, staff_no=staff_no, effective_from=date(2026, 1, 1), **{**facts, **members})


def a_customer(
    phones: PhoneBook, phone: str = PHONE, *, clerk: str = "ZZ0101", **members: Any
) -> CustomerRegistered:
    sealed, hall = phones.seal(phone), CLERKS[clerk]
    facts = {
        "customer_id": ids.uuid7(), "hall": hall, "county": HALLS[hall][2], "clerk": clerk, "phone_enc": sealed.enc,
        "phone_index": sealed.index, "phone_masked": sealed.masked, "version": 1,
    }  # fmt: skip
    return an(CustomerRegistered, **{**facts, **members})


async def opened(database: Database, *, now: datetime = AT, **members: Any) -> Case:
    """A complaint about tariffs at the counter of ZZ01, or whatever else the members say."""
    facts = {
        "area": HERE, "by": CLERK, "kind": "complaint", "category": "tariff_doubt", "source": "counter",
        "hall": "ZZ01", "summary": "对流量费有疑问", "received_at": now,
    }  # fmt: skip
    async with database.transaction() as session:
        return await usecases.open_ticket(session, OpenTicket(**{**facts, **members}), now=now)


async def moved(database: Database, ticket_id: UUID, action: str, *, now: datetime, **members: Any) -> Case:
    """One action on a ticket by the clerk who took it down."""
    facts = {"area": HERE, "by": CLERK, "ticket_id": ticket_id, "action": Action(action)}
    if action == "resolve":
        facts |= {"cause": "tariff_doubt", "remedy": "answered"}
    async with database.transaction() as session:
        return await usecases.move_ticket(session, MoveTicket(**{**facts, **members}), now=now)


async def said(database: Database, kind: type[E]) -> list[E]:
    """The events of that kind that wait in the outbox, in order."""
    return [event for event in await events_said(database) if isinstance(event, kind)]


async def count(database: Database, model: Any) -> int:
    async with database.reading() as session:
        return int((await session.execute(sa.select(sa.func.count()).select_from(model))).scalar_one())


async def rows(database: Database, model: type[Any]) -> list[Any]:
    async with database.reading() as session:
        return list((await session.scalars(sa.select(model))).all())
