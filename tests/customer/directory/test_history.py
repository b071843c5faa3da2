"""Who was where on a day: moves, plans, corrections, people who leave, halls that change and close."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.customer.directory import repository, usecases
from shared import clock
from shared.database import Database
from shared.events.customer import ClerkChanged
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller

pytestmark = pytest.mark.usefixtures("organisation")
TODAY = clock.business_date(clock.now())
API = "/customer/v1"


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office", subject="office")


async def change(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.patch(f"{API}{path}", json=body, headers={"If-Match": "*"})


async def where(client: httpx.AsyncClient, staff_no: str, day: date) -> str | None:
    answer = await client.get(f"{API}/clerks/{staff_no}", params={"as_of": day.isoformat()})
    return answer.json()["hall"] if answer.status_code == 200 else None


@pytest.mark.both_databases
async def test_a_move_keeps_where_the_clerk_was_and_says_it_once(
    office: httpx.AsyncClient, database: Database
) -> None:
    moved = await change(office, "/clerks/ZZ0101", hall="WY01")
    assert (moved.status_code, moved.json()["hall"], moved.json()["county"]) == (200, "WY01", "weiyuan")
    assert await where(office, "ZZ0101", TODAY) == "WY01"
    assert await where(office, "ZZ0101", TODAY - timedelta(days=1)) == "ZZ01"
    assert await where(office, "ZZ0101", date(2025, 12, 31)) is None
    await change(office, "/clerks/ZZ0101", hall="WY01")
    posts = (await office.get(f"{API}/clerks/ZZ0101/history")).json()["posts"]
    assert [(p["hall"], p["start"], p["end"], p["recorded_by"]) for p in posts] == [
        ("ZZ01", "2026-01-01", (TODAY - timedelta(days=1)).isoformat(), "office"),
        ("WY01", TODAY.isoformat(), None, "office"),
    ]
    said = [e for e in await events_said(database) if isinstance(e, ClerkChanged) and e.staff_no == "ZZ0101"]
    assert [(e.hall, e.version) for e in said] == [("ZZ01", 1), ("WY01", 2)]


@pytest.mark.both_databases
async def test_a_planned_move_is_taken_up_on_its_day(office: httpx.AsyncClient, database: Database) -> None:
    start = TODAY + timedelta(days=10)
    planned = await change(office, "/clerks/ZZ0101", hall="ZZ02", moved_on=start.isoformat())
    assert (planned.status_code, planned.json()["hall"]) == (200, "ZZ01")
    assert await where(office, "ZZ0101", start) == "ZZ02"
    before = len(await events_said(database))
    for days in (9, 10, 10):
        async with database.transaction() as session:
            await usecases.take_up_posts(session, now=clock.now() + timedelta(days=days))
    (taken_up,) = (await events_said(database))[before:]
    assert isinstance(taken_up, ClerkChanged)
    assert taken_up.hall == "ZZ02"


async def test_a_later_word_replaces_a_plan_and_the_same_place_cancels_it(office: httpx.AsyncClient) -> None:
    await change(office, "/clerks/ZZ0101", hall="ZZ02", moved_on=(TODAY + timedelta(days=10)).isoformat())
    await change(office, "/clerks/ZZ0101", hall="WY01", moved_on=(TODAY + timedelta(days=5)).isoformat())
    assert await where(office, "ZZ0101", TODAY + timedelta(days=30)) == "WY01"
    await change(office, "/clerks/ZZ0101", hall="ZZ01")
    posts = (await office.get(f"{API}/clerks/ZZ0101/history")).json()["posts"]
    assert [(p["hall"], p["start"], p["end"]) for p in posts] == [("ZZ01", "2026-01-01", None)]


async def test_a_move_made_known_late_is_dated_back_but_not_behind_the_present_post(
    office: httpx.AsyncClient,
) -> None:
    late = TODAY - timedelta(days=3)
    assert (await change(office, "/clerks/ZZ0101", hall="ZZ02", moved_on=late.isoformat())).status_code == 200
    assert await where(office, "ZZ0101", late) == "ZZ02"
    refused = await change(
        office, "/clerks/ZZ0101", hall="WY01", moved_on=(late - timedelta(days=1)).isoformat()
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "move-too-early")


async def test_who_leaves_is_nowhere_afterwards_and_is_not_moved_any_more(office: httpx.AsyncClient) -> None:
    await change(office, "/clerks/ZZ0101", effective_to=TODAY.isoformat())
    assert await where(office, "ZZ0101", TODAY) == "ZZ01"
    assert await where(office, "ZZ0101", TODAY + timedelta(days=1)) is None
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    refused = await change(office, "/clerks/ZZ0101", hall="ZZ02", moved_on=tomorrow)
    assert (refused.status_code, refused.json()["code"]) == (422, "not-employed")
    back = await change(office, "/clerks/ZZ0101", effective_to=None)
    assert back.status_code == 200
    assert await where(office, "ZZ0101", TODAY + timedelta(days=400)) == "ZZ01"


@pytest.mark.both_databases
async def test_a_role_has_its_dates_like_a_place(office: httpx.AsyncClient) -> None:
    await change(office, "/clerks/ZZ0101", role="hall_manager")
    roles = [
        (await office.get(f"{API}/clerks/ZZ0101", params={"as_of": day.isoformat()})).json()["role"]
        for day in (TODAY - timedelta(days=1), TODAY)
    ]
    assert roles == ["clerk", "hall_manager"]


@pytest.mark.both_databases
async def test_a_halls_history_tells_who_was_there_and_what_changed(office: httpx.AsyncClient) -> None:
    await change(office, "/clerks/ZZ0101", hall="ZZ02")
    await change(office, "/halls/ZZ01", number="0832-5520009", sms_until="20:30")
    await change(office, "/halls/ZZ01", number="0832-5520009")
    history = (await office.get(f"{API}/halls/ZZ01/history")).json()
    gone = (TODAY - timedelta(days=1)).isoformat()
    assert {(p["staff_no"], p["name"], p["end"]) for p in history["posts"]} == {
        ("ZZ0101", "张强", gone), ("ZZ0100", "王敏", None),
    }  # fmt: skip
    (changed,) = history["changes"]
    assert (changed["version"], changed["by"]) == (2, "office")
    assert changed["changes"] == [
        {"field": "number", "from": "0832-5520000", "to": "0832-5520009"},
        {"field": "sms_until", "from": "21:00:00", "to": "20:30:00"},
    ]


@pytest.mark.both_databases
async def test_a_hall_closes_once_its_staff_have_other_posts(office: httpx.AsyncClient) -> None:
    refused = await change(office, "/halls/WY01", effective_to=TODAY.isoformat())
    assert (refused.status_code, refused.json()["code"]) == (409, "hall-still-staffed")
    assert "WY0101" in refused.json()["detail"]
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    await change(office, "/clerks/WY0101", hall="ZZ02", moved_on=tomorrow)
    closed = await change(office, "/halls/WY01", effective_to=TODAY.isoformat())
    assert (closed.status_code, closed.json()["effective_to"]) == (200, TODAY.isoformat())


async def test_a_hall_manager_sees_who_was_there_then_and_nobody_elsewhere(
    office: httpx.AsyncClient, caller: Caller
) -> None:
    await change(office, "/clerks/ZZ0101", hall="WY01")
    manager = caller("hall_manager", hall="ZZ01", county="zizhong")
    assert await where(manager, "ZZ0101", TODAY - timedelta(days=1)) == "ZZ01"
    assert await where(manager, "ZZ0101", TODAY) is None
    assert (await manager.get(f"{API}/clerks/ZZ0101/history")).status_code == 404
    assert (await manager.get(f"{API}/halls/WY01/history")).status_code == 404


async def test_a_hall_still_knows_the_names_of_those_who_moved_on(
    office: httpx.AsyncClient, database: Database
) -> None:
    await change(office, "/clerks/ZZ0101", hall="WY01")
    async with database.reading() as session:
        names = await repository.clerk_names_of_hall(session, "ZZ01")
    assert names == {"ZZ0101": "张强", "ZZ0100": "王敏"}
