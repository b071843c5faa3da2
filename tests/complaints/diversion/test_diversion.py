"""Diversion: the statement against the definition in plain words, the stored figures, and their events."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.complaints.diversion import repository, rules, usecases
from services.complaints.diversion.models import Measurement
from services.complaints.diversion.rules import HALL, HOTLINE, Contact, Figure
from services.complaints.diversion.usecases import MeasureDiversion
from services.complaints.tickets.models import Ticket
from services.complaints.work_orders.models import WorkOrder
from shared import clock, ids
from shared.database import Database, insert_rows
from shared.events.complaints import DiversionMeasured
from shared.security.tenancy import Area
from tests.complaints.conftest import Caller
from tests.complaints.house import AT, HERE, count, said

pytestmark = pytest.mark.usefixtures("house")
MONTH = "2026-10"
START, END = clock.month_bounds(MONTH)
EVERYWHERE = Area.everything()


def contact(
    customer: UUID,
    via: str,
    day: float,
    *,
    category: str = "network",
    hall: str = "ZZ01",
    clerk: str | None = "ZZ0101",
) -> Contact:
    return Contact(customer, via, category, START + timedelta(days=day - 1), hall, clerk)


def county_of(hall: str) -> str:
    return "weiyuan" if hall.startswith("WY") else "zizhong"


async def happened(database: Database, *contacts: Contact) -> None:
    """Write the contacts down as tickets and orders."""
    async with database.transaction() as session:
        await insert_rows(session, Ticket, [_ticket(c) for c in contacts if c.via == HALL])
        await insert_rows(session, WorkOrder, [_order(c) for c in contacts if c.via == HOTLINE])


def _ticket(said: Contact) -> Ticket:
    new = ids.uuid7()
    return Ticket(
        id=new, version=1, number=str(new), kind="complaint", category=said.category, source="counter",
        status="new", cycle=1, level="clerk", customer_id=said.customer, hall=said.hall,
        county=county_of(said.hall), clerk=said.clerk, summary="x", received_at=said.at, recorded_at=said.at,
        recorded_by="ZZ0101", policy_version=1, calendar_hall="*", calendar_version=1, days_version=1,
        updated_at=said.at,
    )  # fmt: skip


def _order(said: Contact, *, customer: bool = True) -> WorkOrder:
    new = ids.uuid7()
    return WorkOrder(
        id=new, version=1, source="10086", number=str(new), category=said.category, category_text="x", content="x",
        received_at=said.at, status="open", status_text="处理中", customer_id=said.customer if customer else None,
        hall=said.hall, county=county_of(said.hall), hall_name="x", clerk=said.clerk, source_updated_at=said.at,
        recorded_at=said.at, updated_at=said.at,
    )  # fmt: skip


async def measured(database: Database, area: Area = EVERYWHERE) -> dict[tuple[str, str], Figure]:
    async with database.reading() as session:
        found = await repository.measured(session, START, END, 7, area)
    return {(m.hall, m.clerk): m.figure for m in found}


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ([(HALL, 3, "network")], (1, 1)),
        ([(HOTLINE, 3, "network")], (0, 1)),
        ([(HALL, 3, "network"), (HOTLINE, 5, "network")], (0, 1)),
        ([(HALL, 3, "network"), (HOTLINE, 5, "tariff_doubt")], (1, 1)),
        ([(HALL, 3, "network"), (HOTLINE, 10, "network")], (0, 1)),
        ([(HALL, 3, "network"), (HOTLINE, 10.01, "network")], (1, 1)),
        ([(HOTLINE, 3, "network"), (HALL, 5, "network")], (0, 1)),
        ([(HALL, 30, "network"), (HOTLINE, 33, "network")], (0, 1)),
        ([(HALL, 3, "network"), (HALL, 4, "network"), (HALL, 9, "other")], (1, 1)),
        ([(HALL, 40, "network")], None),
    ],
)
async def test_a_customer_counts_once_by_the_first_contact(
    database: Database, story: list[tuple[str, float, str]], expected: tuple[int, int] | None
) -> None:
    customer = ids.uuid7()
    await happened(
        database, *(contact(customer, via, day, category=category) for via, day, category in story)
    )
    figures = await measured(database)
    assert figures == ({("ZZ01", "ZZ0101"): Figure(*expected)} if expected else {})


@pytest.mark.both_databases
async def test_the_statement_is_the_definition(database: Database) -> None:
    dice = random.Random(11)
    customers = [ids.uuid7() for _ in range(60)]
    places = [("ZZ01", "ZZ0101"), ("ZZ01", None), ("ZZ02", "ZZ0201"), ("WY01", "WY0101")]
    contacts = []
    for _ in range(300):
        hall, clerk = dice.choice(places)
        contacts.append(
            contact(dice.choice(customers), dice.choice([HALL, HOTLINE]), dice.randrange(-300, 1200) / 24,
                    category=dice.choice(["network", "other"]), hall=hall, clerk=clerk)
        )  # fmt: skip
    unique = list({(c.customer, c.at): c for c in contacts}.values())
    await happened(database, *unique)
    assert await measured(database) == rules.diverted(unique, START, END, timedelta(days=7))


async def test_the_area_is_in_the_statement(database: Database) -> None:
    await happened(
        database, contact(ids.uuid7(), HALL, 3), contact(ids.uuid7(), HALL, 3, hall="WY01", clerk="WY0101")
    )
    assert set(await measured(database, HERE)) == {("ZZ01", "ZZ0101")}


async def measure(database: Database, now: datetime = AT, **change: Any) -> None:
    facts = {"area": EVERYWHERE, "month": MONTH, "window_days": 7}
    async with database.transaction() as session:
        await usecases.measure_diversion(session, MeasureDiversion(**{**facts, **change}), now=now)


@pytest.mark.both_databases
async def test_measuring_again_says_only_what_is_different(database: Database) -> None:
    customer = ids.uuid7()
    await happened(
        database,
        contact(customer, HALL, 3),
        contact(ids.uuid7(), HOTLINE, 3),
        contact(ids.uuid7(), HALL, -10),
    )
    await measure(database)
    await measure(database)
    [first] = await said(database, DiversionMeasured)
    assert (first.hall, first.clerk, first.numerator, first.denominator) == ("ZZ01", "ZZ0101", 1, 2)
    assert first.baseline is not None
    assert (first.baseline.month, first.baseline.numerator, first.baseline.denominator) == ("2026-09", 1, 1)
    assert (first.window_days, first.rule_version, first.version) == (7, "diversion-1", 1)
    await happened(database, contact(customer, HOTLINE, 5))
    await measure(database)
    second = (await said(database, DiversionMeasured))[1]
    assert (second.numerator, second.denominator, second.version) == (0, 2, 2)


async def test_a_figure_that_is_gone_is_taken_back(database: Database) -> None:
    await happened(database, contact(ids.uuid7(), HALL, 3))
    await measure(database)
    async with database.transaction() as session:
        await session.execute(Ticket.__table__.update().values(customer_id=None))  # type: ignore[attr-defined]
    await measure(database)
    assert [(e.numerator, e.denominator, e.version) for e in await said(database, DiversionMeasured)] == [
        (1, 1, 1),
        (0, 0, 2),
    ]


async def test_unmatched_orders_are_told_under_their_hall_and_never_counted(database: Database) -> None:
    async with database.transaction() as session:
        await insert_rows(
            session, WorkOrder, [_order(contact(ids.uuid7(), HOTLINE, 3, clerk=None), customer=False)]
        )
    await measure(database)
    [event] = await said(database, DiversionMeasured)
    assert (event.clerk, event.numerator, event.denominator, event.unmatched_orders) == (None, 0, 0, 1)


async def test_the_page_of_figures_sums_clerks_to_halls_and_counties(
    database: Database, office: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    await happened(
        database, contact(ids.uuid7(), HALL, 3), contact(ids.uuid7(), HOTLINE, 3, clerk="ZZ0102"),
        contact(ids.uuid7(), HALL, 3, hall="ZZ02", clerk="ZZ0201"),
        contact(ids.uuid7(), HALL, 3, hall="WY01", clerk="WY0101"),
    )  # fmt: skip
    whole = (await office.get("/complaints/v1/diversion", params={"month": MONTH})).json()
    assert (whole["numerator"], whole["denominator"], whole["rate"], whole["window_days"]) == (
        3,
        4,
        "75.0%",
        7,
    )
    assert {line["county"]: line["denominator"] for line in whole["counties"]} == {"weiyuan": 1, "zizhong": 3}
    assert {line["hall"]: line["numerator"] for line in whole["halls"]} == {"WY01": 1, "ZZ01": 1, "ZZ02": 1}
    assert len(whole["clerks"]) == 4
    own = (await manager.get("/complaints/v1/diversion", params={"month": MONTH, "hall": "ZZ01"})).json()
    assert (own["numerator"], own["denominator"]) == (1, 2)
    assert (
        await manager.get("/complaints/v1/diversion", params={"month": MONTH, "hall": "WY01"})
    ).status_code == 404


async def test_measuring_over_http_measures_the_callers_halls(
    database: Database, manager: httpx.AsyncClient, caller: Caller
) -> None:
    await happened(
        database, contact(ids.uuid7(), HALL, 3), contact(ids.uuid7(), HALL, 3, hall="WY01", clerk="WY0101")
    )
    url, body = "/complaints/v1/diversion/measurements", {"month": MONTH}
    first = await manager.post(url, json=body, headers={"Idempotency-Key": "a"})
    again = await manager.post(url, json=body, headers={"Idempotency-Key": "b"})
    assert (first.status_code, [item["hall"] for item in first.json()["items"]]) == (201, ["ZZ01"])
    assert again.json() == first.json()
    assert [e.hall for e in await said(database, DiversionMeasured)] == ["ZZ01"]
    assert await count(database, Measurement) == 1
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert (await clerk.post(url, json=body, headers={"Idempotency-Key": "c"})).status_code == 403
    assert (
        await manager.post(url, json={"month": "2026-13"}, headers={"Idempotency-Key": "d"})
    ).status_code == 422
