"""The dated settings and a customer's budget over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared import clock
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears

RULES = "/messaging/v1/class-rules"


def day(ahead: int) -> str:
    return (clock.business_date(clock.now()) + timedelta(days=ahead)).isoformat()


async def add(office: httpx.AsyncClient, **body: Any) -> httpx.Response:
    body = {"class": "holiday", "effective_from": day(1), **body}
    return await office.post(RULES, json=body, headers={"idempotency-key": str(uuid4())})


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office")


@pytest.mark.both_databases
async def test_a_new_setting_keeps_what_it_does_not_name_and_says_who_shares_the_pool(
    office: httpx.AsyncClient,
) -> None:
    answer = await add(office, pool="holiday", cap=3, sends_from="09:30")
    assert answer.status_code == 201
    added = answer.json()
    assert (added["pool"], added["cap"], added["sends_from"], added["rank"]) == ("holiday", 3, "09:30", 3)
    assert (added["state"], added["shared_with"]) == ("coming", ["holiday"])
    items = {(i["class"], i["state"]): i for i in (await office.get(RULES)).json()["items"]}
    assert items["holiday", "in-force"]["shared_with"] == ["service", "intro", "holiday", "marketing"]
    assert items["service", "in-force"]["cap"] == 2
    assert ("holiday", "coming") in items


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"effective_from": day(0)}, "class-rule-begun"),
        ({"class": "notice", "pool": "monthly"}, "class-rule-invalid"),
        ({"held_back": 3}, "class-rule-invalid"),
        ({"exempt": True}, "validation-failed"),
        ({"sends_from": "25:00"}, "validation-failed"),
    ],
)
async def test_a_setting_that_cannot_hold_is_refused(
    office: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    answer = await add(office, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.both_databases
async def test_a_day_has_one_setting_which_may_be_taken_back_until_it_begins(
    office: httpx.AsyncClient,
) -> None:
    await add(office, cap=1)
    again = await add(office, cap=2)
    assert (again.status_code, again.json()["code"]) == (409, "class-rule-exists")
    assert (await office.delete(f"{RULES}/holiday/{day(1)}")).status_code == 204
    assert (await office.delete(f"{RULES}/holiday/{day(1)}")).status_code == 404
    assert (await office.delete(f"{RULES}/holiday/2000-01-01")).json()["code"] == "class-rule-begun"
    assert (await add(office, cap=2)).status_code == 201


async def test_only_the_office_sets_rules_and_everybody_reads_them(caller: Caller) -> None:
    manager = caller("hall_manager", hall="ZZ01", county="zizhong")
    assert (await manager.get(RULES)).status_code == 200
    assert (await add(manager, cap=5)).status_code == 403
    assert (await manager.delete(f"{RULES}/holiday/{day(1)}")).status_code == 403


async def test_the_budget_says_its_window_and_who_shares_each_pool(
    caller: Caller, ears: Ears, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    budget = (await clerk.get(f"/messaging/v1/customers/{customer.customer_id}/sms-budget")).json()
    assert (budget["window"], budget["timezone"]) == ("calendar-month", "Asia/Shanghai")
    assert (budget["used"], budget["left"], budget["next_free_at"]) == (1, 1, None)
    assert budget["by_class"]["marketing"]["shared_with"] == ["service", "intro", "holiday", "marketing"]
    elsewhere = caller("clerk", hall="ZZ02", county="zizhong")
    assert (
        await elsewhere.get(f"/messaging/v1/customers/{customer.customer_id}/sms-budget")
    ).status_code == 404


@pytest.mark.parametrize("month", ["0000-01", "9999-12", "2026-13"])
@pytest.mark.parametrize("path", [f"customers/{UUID(int=7)}/sms-budget", "proofs/sms-cap", "plans"])
async def test_a_month_that_no_calendar_has_is_refused(caller: Caller, path: str, month: str) -> None:
    answer = await caller("auditor").get(f"/messaging/v1/{path}", params={"month": month})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
