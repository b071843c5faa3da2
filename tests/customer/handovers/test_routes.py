"""Hand-overs: all of a clerk's customers with what is open, on a day or at once; one customer, also between halls."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.customer.archive.models import Customer, CustomerChange
from services.customer.directory import usecases as directory
from services.customer.handovers import usecases
from services.customer.touches.models import FollowUp
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerReassigned
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import post
from tests.customer.organisation import SINCE
from tests.customer.touches.conftest import Contacted, contacted, open_of

__all__ = ["contacted"]
pytestmark = pytest.mark.usefixtures("organisation")
BASE = "/customer/v1"


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")


@pytest.fixture
def county(caller: Caller) -> httpx.AsyncClient:
    return caller("county_manager", county="zizhong", subject="ZZ0001")


@pytest.fixture(autouse=True)
async def colleague(database: Database, organisation: None) -> None:
    """李娜, a second clerk of 张强's hall."""
    command = directory.AppointClerk(
        directory.EVERYWHERE, "ZZ0102", "李娜", "clerk", hall="ZZ01", effective_from=SINCE
    )
    async with database.transaction() as session:
        await directory.appoint_clerk(session, command, now=clock.now())


async def carry_out(database: Database, now: Any) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.carry_out_handovers(session, now=now)


async def reassigned(database: Database) -> list[CustomerReassigned]:
    return [event for event in await events_said(database) if isinstance(event, CustomerReassigned)]


async def all_of(database: Database, table: Any) -> list[Any]:
    async with database.reading() as session:
        return list((await session.scalars(sa.select(table).order_by(table.id))).all())


@pytest.mark.both_databases
async def test_customers_and_what_is_owed_to_them_go_along_in_one_transaction(
    manager: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    """A1-12: customers and open follow-ups move together; what was done stays with whoever did it."""
    people = [await contacted(gap, now=clock.now()) for gap in (10, 95, 130)]
    done = await post(manager, f"/customers/{people[1].id}/touches", {"kind": "visit", "clerk": "ZZ0101"})
    assert done.json()["completed"]["completed_by"] == "ZZ0101"
    answer = await post(
        manager, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102", "reason": "left"}, "key-1"
    )
    again = await post(manager, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102", "reason": "left"}, "key-1")
    assert (answer.status_code, again.content) == (201, answer.content)
    handover = answer.json()
    assert (handover["status"], handover["customers"], handover["follow_ups"]) == ("done", 3, 3)
    customers = await all_of(database, Customer)
    assert [(c.clerk, c.archived_by, c.version) for c in customers] == [("ZZ0102", "ZZ0101", 2)] * 3
    follow_ups = {(f.clerk, f.completed_by, f.closed_at is None) for f in await all_of(database, FollowUp)}
    assert follow_ups == {("ZZ0102", None, True), ("ZZ0101", "ZZ0101", False)}
    said = await reassigned(database)
    assert {(e.clerk, e.from_clerk, e.hall, e.from_hall, e.version) for e in said} == {
        ("ZZ0102", "ZZ0101", "ZZ01", "ZZ01", 2)
    }
    assert {str(e.handover_id) for e in said} == {handover["id"]}
    assert {e.reason for e in said} == {"left"}
    assert len(said) == 3
    kept = [change.changes for change in await all_of(database, CustomerChange)]
    assert kept == [[{"field": "clerk", "before": "ZZ0101", "after": "ZZ0102"}]] * 3
    due = await manager.get(f"{BASE}/follow-ups", params={"clerk": "ZZ0102"})
    assert len(due.json()["items"]) == 3


@pytest.mark.both_databases
async def test_a_hand_over_of_a_later_day_waits_for_it_and_is_carried_out_once(
    manager: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer, now = await contacted(10, now=clock.now()), clock.now()
    day = clock.business_date(now) + timedelta(days=3)
    answer = await post(
        manager, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102", "effective_from": str(day)}
    )
    assert (answer.json()["status"], answer.json()["customers"]) == ("planned", 0)
    await carry_out(database, now + timedelta(days=2))
    assert await reassigned(database) == []
    for _ in range(2):
        await carry_out(database, now + timedelta(days=3))
    (event,) = await reassigned(database)
    assert (event.customer_id, event.clerk, event.effective_from) == (customer.id, "ZZ0102", day)
    stored = (await manager.get(f"{BASE}/handovers/{answer.json()['id']}")).json()
    assert (stored["status"], stored["customers"], stored["follow_ups"]) == ("done", 1, 1)
    (listed,) = (await manager.get(f"{BASE}/clerks/ZZ0101/handovers")).json()["items"]
    assert listed == stored


async def test_nobody_is_handed_to_somebody_who_has_left_by_then(
    manager: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer, now = await contacted(10, now=clock.now()), clock.now()
    day = clock.business_date(now) + timedelta(days=1)
    answer = await post(
        manager, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102", "effective_from": str(day)}
    )
    change = directory.ChangeClerk(directory.EVERYWHERE, "ZZ0102", {"effective_to": clock.business_date(now)})
    async with database.transaction() as session:
        await directory.change_clerk(session, change, unless_stale=lambda _v: None, now=now)
    await carry_out(database, now + timedelta(days=1))
    stored = (await manager.get(f"{BASE}/handovers/{answer.json()['id']}")).json()
    assert (stored["status"], stored["customers"]) == ("refused", 0)
    assert (await open_of(database, customer.id)).clerk == "ZZ0101"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"to_clerk": "ZZ0101"}, "handover-invalid"),
        ({"to_clerk": "nobody"}, "handover-invalid"),
        ({"to_clerk": "ZZ0201"}, "handover-invalid"),
        ({"to_clerk": "ZZ0001"}, "handover-invalid"),
        ({"to_clerk": "ZZ0102", "effective_from": str(date(2026, 1, 1))}, "handover-backdated"),
        ({"to_clerk": "ZZ0102", "reason": "why not"}, "validation-failed"),
    ],
)
async def test_what_cannot_be_a_hand_over_is_refused(
    manager: httpx.AsyncClient, contacted: Contacted, database: Database, body: dict[str, Any], code: str
) -> None:
    await contacted(10, now=clock.now())
    answer = await post(manager, "/clerks/ZZ0101/handovers", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await reassigned(database) == []


async def test_only_those_who_lead_hand_over_and_only_their_own(
    manager: httpx.AsyncClient, caller: Caller, contacted: Contacted, database: Database
) -> None:
    await contacted(10, now=clock.now())
    clerk = caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")
    assert (await post(clerk, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102"})).status_code == 403
    elsewhere = caller("hall_manager", hall="ZZ02", county="zizhong", subject="ZZ0200")
    theirs = await post(elsewhere, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0201"})
    assert (theirs.status_code, theirs.json()["code"]) == (404, "clerk-not-found")
    mine = await post(manager, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102"})
    assert (await elsewhere.get(f"{BASE}/handovers/{mine.json()['id']}")).status_code == 404
    assert (await elsewhere.get(f"{BASE}/clerks/ZZ0101/handovers")).json()["items"] == []


async def test_a_clerk_who_has_moved_already_leaves_the_customers_of_the_old_hall_to_it(
    manager: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer = await contacted(10, now=clock.now())
    move = directory.ChangeClerk(directory.EVERYWHERE, "ZZ0101", {"hall": "ZZ02"})
    async with database.transaction() as session:
        await directory.change_clerk(session, move, unless_stale=lambda _v: None, now=clock.now())
    answer = await post(manager, "/clerks/ZZ0101/handovers", {"to_clerk": "ZZ0102"})
    assert (answer.status_code, answer.json()["customers"]) == (201, 1)
    assert (await open_of(database, customer.id)).clerk == "ZZ0102"


@pytest.mark.both_databases
async def test_one_customer_goes_to_another_hall_with_what_is_owed(
    manager: httpx.AsyncClient, county: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer = await contacted(95, now=clock.now())
    path = f"/customers/{customer.id}/reassignment"
    refused = await post(manager, path, {"clerk": "ZZ0201"})
    assert (refused.status_code, refused.json()["code"]) == (422, "handover-invalid")
    moved = await post(county, path, {"clerk": "ZZ0201"})
    assert (moved.status_code, moved.headers["etag"]) == (201, '"2"')
    assert (moved.json()["hall"], moved.json()["clerk"]) == ("ZZ02", "ZZ0201")
    (event,) = await reassigned(database)
    assert (event.from_hall, event.hall, event.handover_id) == ("ZZ01", "ZZ02", None)
    owed = await open_of(database, customer.id)
    assert (owed.hall, owed.clerk, owed.version) == ("ZZ02", "ZZ0201", 2)
    assert (await manager.get(f"{BASE}/customers/{customer.id}")).status_code == 404
    same = await post(county, path, {"clerk": "ZZ0201"})
    assert (same.status_code, same.json()["code"]) == (409, "same-clerk")
