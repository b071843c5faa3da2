"""Contracts over HTTP, and their reminders: each once, whatever happens, and none for who is gone."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.contracts import rules, usecases
from services.customer.purges.usecases import EraseCustomer, erase_customer
from shared import clock
from shared.database import Database
from shared.security.tenancy import Area
from tests.customer.conftest import Caller
from tests.customer.customers import post, register

pytestmark = pytest.mark.usefixtures("organisation")
DAYS = st.lists(st.integers(0, 365), max_size=5)


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


def today() -> date:
    return clock.business_date(clock.now())


async def a_contract(pos: httpx.AsyncClient, customer: str | None = None, **changes: Any) -> httpx.Response:
    body = {
        "customer_id": customer or (await register(pos)).json()["id"], "title": "两年靓号合约", "number": "HT-1",
        "starts_on": str(today()), "ends_on": str(today() + timedelta(days=30)), "note": "赠手机", **changes,
    }  # fmt: skip
    return await post(pos, "/contracts", body)


async def remind(database: Database, times: int = 1) -> None:
    for _ in range(times):
        more = True
        while more:
            async with database.transaction() as session:
                more = await usecases.remind_of_contracts(session, now=clock.now())


async def due(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/customer/v1/contract-reminders", params=query)).json()[
        "items"
    ]
    return found


@pytest.mark.both_databases
async def test_a_contract_is_remembered_once_for_each_of_its_days(
    pos: httpx.AsyncClient, database: Database
) -> None:
    contract = (await a_contract(pos)).json()
    assert contract["remind_days"] == [30, 7]
    await remind(database, times=3)
    (reminder,) = await due(pos)
    assert (reminder["days_before"], reminder["contract"]["id"]) == (30, contract["id"])
    done = await post(pos, f"/contract-reminders/{reminder['id']}/completion", {})
    again = await post(pos, f"/contract-reminders/{reminder['id']}/completion", {})
    assert (done.status_code, done.json()["done_by"], again.json()) == (200, "pos-test", done.json())
    assert await due(pos) == []
    assert len(await due(pos, state="done")) == 1


async def test_an_extended_contract_is_remembered_anew(pos: httpx.AsyncClient, database: Database) -> None:
    contract = (await a_contract(pos)).json()
    await remind(database)
    path = f"/customer/v1/contracts/{contract['id']}"
    later = {"ends_on": str(today() + timedelta(days=7))}
    changed = await pos.patch(path, json=later, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    await remind(database)
    assert sorted(r["days_before"] for r in await due(pos)) == [7, 30]
    stale = await pos.patch(path, json=later, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


async def test_days_that_do_not_fit_and_a_number_taken_are_refused(pos: httpx.AsyncClient) -> None:
    customer = (await a_contract(pos)).json()["customer_id"]
    wrong = await a_contract(pos, customer, number="HT-2", ends_on="2020-01-01")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "contract-invalid")
    assert wrong.json()["errors"][0]["pointer"] == "/ends_on"
    taken = await a_contract(pos, customer)
    assert (taken.status_code, taken.json()["code"]) == (409, "contract-exists")


async def test_the_list_is_narrowed_to_what_ends_soon(pos: httpx.AsyncClient) -> None:
    customer = (await a_contract(pos)).json()["customer_id"]
    await a_contract(pos, customer, number="HT-2", ends_on=str(today() + timedelta(days=90)))
    items = (await pos.get("/customer/v1/contracts", params={"ending_within": "30d"})).json()["items"]
    assert [item["number"] for item in items] == ["HT-1"]
    items = (await pos.get("/customer/v1/contracts", params={"customer_id": customer})).json()["items"]
    assert [item["number"] for item in items] == ["HT-1", "HT-2"]


async def test_another_hall_sees_no_contract_and_no_reminder(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    contract = (await a_contract(pos)).json()
    await remind(database)
    (reminder,) = await due(pos)
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    path = f"/customer/v1/contracts/{contract['id']}"
    assert (await elsewhere.get(path)).status_code == 404
    assert (await elsewhere.patch(path, json={"note": "x"}, headers={"If-Match": "*"})).status_code == 404
    completed = await post(elsewhere, f"/contract-reminders/{reminder['id']}/completion", {})
    assert completed.status_code == 404
    assert await due(elsewhere) == []
    assert (await a_contract(elsewhere, contract["customer_id"])).status_code == 404
    assert (await a_contract(caller("auditor"), contract["customer_id"])).status_code == 403


async def test_who_is_erased_is_not_remembered(pos: httpx.AsyncClient, database: Database) -> None:
    contract = (await a_contract(pos)).json()
    erasure = EraseCustomer(Area.everything(), UUID(contract["customer_id"]), "ZZ0101", "clerk", "本人要求")
    async with database.transaction() as session:
        await erase_customer(session, erasure, unless_stale=lambda _version: None, now=clock.now())
    await remind(database)
    assert (await pos.get(f"/customer/v1/contracts/{contract['id']}")).status_code == 404
    assert await due(pos) == []


@given(DAYS, st.integers(0, 400))
def test_reminders_come_in_order_and_never_after_the_end(days: list[int], ahead: int) -> None:
    start, ends_on = date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=ahead)
    found, after = [], start
    while (day := rules.next_reminder(ends_on, days, after)) is not None:
        found.append(day)
        after = day + timedelta(days=1)
    assert found == sorted({ends_on - timedelta(days=d) for d in days if d <= ahead})
