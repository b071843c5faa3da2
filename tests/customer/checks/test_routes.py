"""Checks of records: who may check whom, and how accurate a month was, with both sides of the ratio."""

import httpx
import pytest

from shared import clock
from shared.database import Database
from shared.events.customer import RecordChecked
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import post, register

pytestmark = pytest.mark.usefixtures("organisation")
FOUND = {"name": True, "brand": True, "spend_band": False}


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")


@pytest.mark.both_databases
async def test_a_check_says_what_was_right_and_of_how_much(
    manager: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    customer = (await register(manager)).json()["id"]
    check = await post(manager, f"/customers/{customer}/record-checks", {"fields": FOUND})
    assert (check.status_code, check.json()["fields_right"], check.json()["fields_checked"]) == (201, 2, 3)
    await post(manager, f"/customers/{customer}/record-checks", {"fields": {"phone": True}})
    month = clock.month_of(clock.now())
    accuracy = (await manager.get("/customer/v1/archive-accuracy", params={"month": month})).json()
    assert (accuracy["checks"], accuracy["numerator"], accuracy["denominator"]) == (2, 3, 4)
    assert accuracy["items"] == [
        {"hall": "ZZ01", "clerk": "ZZ0101", "checks": 2, "fields_right": 3, "fields_checked": 4}
    ]
    assert len((await manager.get(f"/customer/v1/customers/{customer}/record-checks")).json()["items"]) == 2
    said = [event for event in await events_said(database) if isinstance(event, RecordChecked)]
    assert [(e.clerk, e.checked_by, e.fields_right, e.fields_checked) for e in said] == [
        ("ZZ0101", "ZZ0100", 2, 3), ("ZZ0101", "ZZ0100", 1, 1),
    ]  # fmt: skip
    elsewhere = caller("county_manager", county="weiyuan")
    nothing = (await elsewhere.get("/customer/v1/archive-accuracy", params={"month": month})).json()
    assert (nothing["numerator"], nothing["denominator"]) == (0, 0)


async def test_nobody_checks_their_own_customers(manager: httpx.AsyncClient, caller: Caller) -> None:
    customer = (await register(manager)).json()["id"]
    clerk = caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")
    answer = await post(clerk, f"/customers/{customer}/record-checks", {"fields": FOUND})
    assert (answer.status_code, answer.json()["code"]) == (409, "checks-own-record")


async def test_unknown_fields_none_and_another_halls_customer_are_refused(
    manager: httpx.AsyncClient, caller: Caller
) -> None:
    customer = (await register(manager)).json()["id"]
    for fields in ({}, {"horoscope": True}):
        answer = await post(manager, f"/customers/{customer}/record-checks", {"fields": fields})
        assert answer.status_code == 422
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    path = f"/customers/{customer}/record-checks"
    assert (await post(elsewhere, path, {"fields": FOUND})).status_code == 404
    assert (await elsewhere.get(f"/customer/v1{path}")).status_code == 404
