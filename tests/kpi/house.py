"""The small house of the KPI tests: two counties, three halls, five clerks, and events to tell about them."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import sqlalchemy as sa

from services.kpi.facts.models import Fact
from shared import ids
from shared.bus.port import Fetched
from shared.database import Database
from shared.events.base import Envelope, Event
from shared.events.complaints import (
    ComplaintClockMissed,
    ComplaintRated,
    ComplaintResolved,
    ComplaintResponded,
)
from shared.events.customer import ClerkChanged, CustomerRegistered, HallChanged, ProductActivated
from shared.events.messaging import SmsDelivered

E = TypeVar("E", bound=Event)
Tell = Callable[..., Awaitable[None]]

GOLDEN = Path(__file__).parent.parent / "contracts" / "events"
HALLS = {"ZZ01": ("zizhong", "资中县"), "ZZ02": ("zizhong", "资中县"), "WY01": ("weiyuan", "威远县")}
CLERKS = {"ZZ0101": "ZZ01", "ZZ0102": "ZZ01", "ZZ0201": "ZZ02", "WY0101": "WY01", "WY0102": "WY01"}
MONTH = "2026-10"


def an(event: type[E], **members: Any) -> E:
    """The agreed example of the event with other members."""
    example = json.loads((GOLDEN / f"{event.topic}.json").read_text(encoding="utf-8"))
    return event.model_validate({**example, **members})


def at(day: int, hour: int = 10, *, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def of(clerk: str) -> dict[str, str]:
    """Hall, county and clerk of one of the house's clerks."""
    hall = CLERKS[clerk]
    return {"clerk": clerk, "hall": hall, "county": HALLS[hall][0]}


def the_house() -> list[Event]:
    """The directory, as the customer service tells it."""
    since = "2026-01-01"
    halls: list[Event] = [
        an(
            HallChanged,
            code=code,
            full_name=f"{name}{code}营业厅",
            county=county,
            county_name=name,
            effective_from=since,
            effective_to=None,
        )
        for code, (county, name) in HALLS.items()
    ]
    clerks: list[Event] = [
        an(
            ClerkChanged,
            staff_no=code,
            display_name=f"员工{code}",
            hall=hall,
            county=HALLS[hall][0],
            role="clerk",
            effective_from=since,
            effective_to=None,
        )
        for code, hall in CLERKS.items()
    ]
    return halls + clerks


def registered(clerk: str, *, day: int = 3, month: int = 10, **members: Any) -> CustomerRegistered:
    when = at(day, month=month)
    given = {"customer_id": ids.uuid7(), "archived_by": clerk, "occurred_at": when, "archived_at": when}
    return an(CustomerRegistered, **{**of(clerk), **given, **members})


def delivered(clerk: str, *, day: int = 5, **members: Any) -> SmsDelivered:
    given = {
        "customer_id": ids.uuid7(),
        "message_id": ids.uuid7(),
        "occurred_at": at(day),
        "submitted_at": at(day, 9),
        "delivered_at": at(day),
        "deadline": at(day + 1),
        "cap_month": MONTH,
    }
    return an(SmsDelivered, **{**of(clerk), **given, **members})


def resolved(
    clerk: str, *, kind: str = "complaint", within: bool = True, day: int = 8, **members: Any
) -> ComplaintResolved:
    clock = {"clock": "resolution", "due_at": at(day), "at": at(day), "within": within}
    given = {
        "ticket_id": ids.uuid7(),
        "handler": clerk,
        "kind": kind,
        "occurred_at": at(day),
        "clocks": [clock],
    }
    return an(ComplaintResolved, **{**of(clerk), **given, **members})


def responded(clerk: str, *, within: bool = True, day: int = 8, **members: Any) -> ComplaintResponded:
    clock = {"clock": "first_response", "due_at": at(day), "at": at(day), "within": within}
    given = {
        "ticket_id": ids.uuid7(),
        "handler": clerk,
        "responded_by": clerk,
        "occurred_at": at(day),
        "clock": clock,
    }
    return an(ComplaintResponded, **{**of(clerk), **given, "kind": "complaint", **members})


def missed(
    clerk: str, clock: str = "first_response", *, day: int = 8, **members: Any
) -> ComplaintClockMissed:
    given = {
        "ticket_id": ids.uuid7(),
        "handler": clerk,
        "clock": clock,
        "severity": "missed",
        "occurred_at": at(day),
    }
    return an(ComplaintClockMissed, **{**of(clerk), **given, "kind": "complaint", **members})


def rated(clerk: str, score: int, *, day: int = 9) -> ComplaintRated:
    given = {"ticket_id": ids.uuid7(), "handler": clerk, "score": score, "out_of": 5, "occurred_at": at(day)}
    return an(ComplaintRated, **{**of(clerk), **given, "kind": "complaint"})


def sold(clerk: str, amount: str, *, day: int = 12) -> ProductActivated:
    given = {"activation_id": ids.uuid7(), "sold_by": clerk, "amount": amount, "occurred_at": at(day)}
    return an(ProductActivated, **{**of(clerk), **given})


def a_month() -> list[Event]:
    """October at the house: registrations, messages, complaints and sales of every clerk."""
    told: list[Event] = []
    for number, clerk in enumerate(CLERKS, start=1):
        told += [registered(clerk) for _ in range(number)]
        told += [delivered(clerk), delivered(clerk, message_class="service", day=6)]
        told += [
            resolved(clerk),
            resolved(clerk, kind="enquiry"),
            responded(clerk),
            rated(clerk, 3 + number % 3),
        ]
        told += [sold(clerk, f"{10 * number}.50")]
    told += [missed("ZZ0101"), resolved("WY0102", within=False)]
    told += [resolved("ZZ0102").model_copy(update={"handler": None, "clerk": None})]
    return told


def messages_of(*events: Any) -> list[Fetched]:
    """As the bus would give them; an (id, event) pair fixes the event's id, so that it can be told again."""
    found = []
    for offset, told in enumerate(events):
        event_id, event = told if isinstance(told, tuple) else (ids.uuid7(), told)
        found.append(
            Fetched(
                event.topic, event.key, envelope(event, event_id).to_headers(), event.to_json(), 0, offset
            )
        )
    return found


def envelope(event: Event, event_id: UUID) -> Envelope:
    return Envelope(
        id=event_id,
        source=f"/{event.speakers[0]}",
        type=event.topic,
        time=event.occurred_at,
        subject=event.key,
        version=event.version,
    )


async def facts_in(database: Database, kind: str | None = None) -> list[Fact]:
    """The facts in the order they were recorded."""
    statement = sa.select(Fact).order_by(Fact.seq)  # type: ignore[arg-type]
    if kind is not None:
        statement = statement.where(Fact.kind == kind)  # type: ignore[arg-type]
    async with database.reading() as session:
        return list((await session.scalars(statement)).all())


async def score(office: httpx.AsyncClient, period: str = MONTH) -> dict[str, Any]:
    """Have the period scored and return the run."""
    headers = {"Idempotency-Key": str(ids.uuid7())}
    answer = await office.post("/kpi/v1/runs", json={"period": period}, headers=headers)
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = answer.json()
    return run


async def scores(client: httpx.AsyncClient, period: str = MONTH, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/kpi/v1/scores", params={"period": period, "limit": 200, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found
