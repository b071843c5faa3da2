"""Opening a product from the card: the form says what is missing, and nothing is opened without the customer's word."""

from typing import Any

import httpx
import pytest

from services.customer.archive.models import Customer
from shared.database import Database
from shared.events.customer import ProductActivated
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.customers import a_customer

pytestmark = pytest.mark.usefixtures("organisation")


@pytest.fixture
async def customer(database: Database, runtime: Runtime, organisation: None) -> Customer:
    return await a_customer(database, runtime.phones)


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers["accept"] = "text/html"
    return guest


async def submit(clerk: httpx.AsyncClient, customer: Customer, **changes: str) -> httpx.Response:
    path = f"/customer/customers/{customer.id}/activations"
    usual = {
        "product": "DATA-10",
        "amount": "",
        "evidence_kind": "signature",
        "evidence_reference": "受理单 1",
    }
    return await clerk.post(path, data={**usual, **changes, "csrf_token": await csrf_of(clerk, path)})


async def opened(database: Database) -> list[Any]:
    return [event for event in await events_said(database) if isinstance(event, ProductActivated)]


async def test_a_product_is_opened_at_its_price_and_seen_on_the_card(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    card = f"/customer/customers/{customer.id}"
    assert f'hx-get="{card}/activations"' in (await clerk.get(card)).text
    done = await submit(clerk, customer)
    assert (done.status_code, done.headers["location"]) == (303, card)
    (event,) = await opened(database)
    assert (str(event.amount), event.sold_by) == ("10.00", "ZZ0101")
    page = (await clerk.get(f"{card}/activations")).text
    assert "畅游流量包 10 元，10.00 元" in page
    assert "签字单 受理单 1" in page
    assert "畅游流量包 10 元：已办理" in (await clerk.get(card)).text


@pytest.mark.parametrize(
    ("change", "status", "shown"),
    [
        ({"evidence_reference": " "}, 422, "必须有客户同意的凭证"),
        ({"product": ""}, 422, "✕"),
        ({"product": "NOTHING"}, 422, "没有这个业务代码"),
        ({"amount": "many"}, 422, "✕"),
    ],
)
async def test_what_is_wrong_is_said_beside_the_form_which_keeps_what_was_typed(
    clerk: httpx.AsyncClient, customer: Customer, database: Database, change: dict[str, str], status: int,
    shown: str,
) -> None:  # fmt: skip
    answer = await submit(clerk, customer, **change)
    assert (answer.status_code, shown in answer.text) == (status, True)
    assert "<details open>" in answer.text
    assert await opened(database) == []


async def test_evidence_that_was_used_is_said_at_its_field(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    await submit(clerk, customer)
    again = await submit(clerk, customer, product="RING-05")
    assert (again.status_code, "一份凭证只能办理一笔" in again.text) == (422, True)
    assert len(await opened(database)) == 1


async def test_a_part_for_htmx_and_a_product_chosen_by_the_link(
    clerk: httpx.AsyncClient, customer: Customer
) -> None:
    path = f"/customer/customers/{customer.id}/activations"
    chosen = (await clerk.get(path, params={"product": "RING-05"})).text
    assert '<option value="RING-05" selected>' in chosen
    part = (await clerk.get(path, headers={"hx-request": "true"})).text
    assert "<html" not in part
    assert "还没有办理过业务" in part
