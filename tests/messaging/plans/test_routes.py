"""Plans over HTTP: who writes, who approves, what every answer says."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.messaging.plans.usecases import carry_out
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears

PLANS = "/messaging/v1/plans"
MONTH = clock.next_month(clock.month_of(clock.now()))
CONTENT = {"content": "出行请带伞。"}
BODY: dict[str, Any] = {"class": "service", "month": MONTH, "template": "service", "params": CONTENT}


async def post(client: httpx.AsyncClient, path: str = "", **body: Any) -> httpx.Response:
    return await client.post(PLANS + path, json=body, headers={"idempotency-key": str(uuid4())})


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong")


@pytest.fixture
def county(caller: Caller) -> httpx.AsyncClient:
    return caller("county_manager", county="zizhong")


@pytest.fixture(autouse=True)
async def halls(ears: Ears) -> None:
    await ears.hear(people.a_hall(), people.a_hall("ZZ02"))


@pytest.mark.both_databases
async def test_a_plan_is_written_changed_approved_and_says_whose_cap_it_uses(
    manager: httpx.AsyncClient, county: httpx.AsyncClient
) -> None:
    (plan,) = (await post(manager, **BODY)).json()["items"]
    assert (plan["hall"], plan["status"]) == ("ZZ01", "draft")
    assert plan["pool"] == {
        "pool": "monthly", "shared_with": ["service", "intro", "holiday", "marketing"], "cap": 2,
    }  # fmt: skip
    where = f"{PLANS}/{plan['id']}"
    assert (await manager.patch(where, json={})).status_code == 428
    changed = await manager.patch(
        where, json={"params": {"content": "路滑，请慢行。"}}, headers={"if-match": '"1"'}
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (await manager.patch(where, json={}, headers={"if-match": '"1"'})).status_code == 412
    assert (await post(manager, f"/{plan['id']}/approval")).status_code == 403
    approved = await post(county, f"/{plan['id']}/approval")
    assert (approved.json()["status"], approved.json()["approver"]) == ("approved", "county_manager-None")
    assert (await post(county, f"/{plan['id']}/approval")).json()["code"] == "plan-state"
    assert (await post(manager, f"/{plan['id']}/cancellation")).json()["status"] == "cancelled"


async def test_the_county_writes_for_halls_that_have_none_and_another_approves_the_month(
    manager: httpx.AsyncClient, county: httpx.AsyncClient, caller: Caller
) -> None:
    await post(manager, **BODY)
    written = (await post(county, **BODY)).json()["items"]
    assert [plan["hall"] for plan in written] == ["ZZ02"]
    assert (await post(county, **BODY)).json()["code"] == "plan-exists"
    assert [p["hall"] for p in (await post(county, "/approvals", month=MONTH)).json()["items"]] == ["ZZ01"]
    office = caller("regional_office")
    assert [p["hall"] for p in (await post(office, "/approvals", month=MONTH)).json()["items"]] == ["ZZ02"]


async def test_the_month_shows_every_hall_with_its_counts_and_who_had_nothing(
    county: httpx.AsyncClient, caller: Caller, ears: Ears, phones: PhoneBook, database: Database
) -> None:
    month = clock.month_of(clock.now())
    await ears.hear(*(people.a_customer(phones, phone=f"138{n:08d}") for n in range(3)))
    await post(caller("hall_manager", hall="ZZ01", county="zizhong"), **{**BODY, "month": month})
    await post(county, "/approvals", month=month)
    async with database.transaction() as session:
        await carry_out.lay_out_next(session, now=clock.now())
    shown = (await county.get(PLANS, params={"month": month})).json()["items"]
    assert [hall["hall"] for hall in shown] == ["ZZ01", "ZZ02"]
    (plan,) = shown[0]["plans"]
    assert plan["progress"] == {
        "planned": 3, "pending": 3, "sent": 0, "failed": 0, "unknown": 0, "suppressed": {},
    }  # fmt: skip
    assert shown[0]["coverage"]["service"] == {"agreed": 3, "reached": 0, "uncovered": 3}
    assert (shown[1]["plans"], shown[1]["coverage"]["service"]["agreed"]) == ([], 0)
    one = (await county.get(PLANS, params={"month": month, "limit": 1})).json()
    assert (len(one["items"]), one["next_cursor"] is not None) == (1, True)


async def test_another_halls_plan_is_not_there(manager: httpx.AsyncClient, caller: Caller) -> None:
    (plan,) = (await post(manager, **BODY)).json()["items"]
    elsewhere = caller("hall_manager", hall="ZZ02", county="zizhong")
    assert (await elsewhere.get(f"{PLANS}/{plan['id']}")).status_code == 404
    answer = await elsewhere.patch(f"{PLANS}/{plan['id']}", json={}, headers={"if-match": "*"})
    assert answer.status_code == 404
    assert (await post(elsewhere, f"/{plan['id']}/cancellation")).json()["code"] == "plan-not-found"
    assert (await post(elsewhere, **{**BODY, "halls": ["ZZ01"]})).json()["code"] == "hall-not-found"
    assert {h["hall"] for h in (await elsewhere.get(PLANS)).json()["items"]} == {"ZZ02"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"month": "2026-01"}, "plan-invalid"),
        ({"params": {}}, "params-invalid"),
        ({"template": "new_business"}, "plan-invalid"),
        ({"month": None}, "validation-failed"),
        ({"month": "0000-01"}, "validation-failed"),
        ({"class": "holiday", "month": None, "day": "9999-12-31"}, "validation-failed"),
        ({"day": "2027-02-06"}, "validation-failed"),
        ({"class": "marketing"}, "validation-failed"),
        ({"class": "holiday", "month": None, "day": "2027-05-05"}, "plan-invalid"),
    ],
)
async def test_what_cannot_be_planned_is_refused(
    manager: httpx.AsyncClient, changed: dict[str, Any], code: str
) -> None:
    answer = await post(manager, **{**BODY, **changed})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_clerk_reads_plans_and_writes_none(caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert (await clerk.get(PLANS)).status_code == 200
    assert (await post(clerk, **BODY)).status_code == 403
