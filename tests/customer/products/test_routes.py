"""Products over HTTP: launched, changed in versions, listed with their prices."""

from typing import Any

import httpx
import pytest

from tests.customer.conftest import Caller
from tests.customer.customers import post

pytestmark = pytest.mark.both_databases
PATH = "/customer/v1/products"


def a_product(**changes: Any) -> dict[str, Any]:
    usual = {
        "code": "TRAVEL-20", "name": "出行流量包", "selling_points": ["全国可用"], "price": "20.00",
        "audience": {"must": [{"fact": "habits", "any_of": [4]}], "likes": []}, "valid_from": "2026-01-01",
    }  # fmt: skip
    return {**usual, **changes}


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office")


async def test_a_product_is_launched_once_and_read_with_its_version(office: httpx.AsyncClient) -> None:
    launched = await post(office, "/products", a_product())
    assert (launched.status_code, launched.headers["etag"]) == (201, '"1"')
    read = await office.get(f"{PATH}/TRAVEL-20")
    assert read.json() == launched.json()
    assert read.json()["price_text"] == "20 元/月"
    again = await post(office, "/products", a_product())
    assert (again.status_code, again.json()["code"]) == (409, "product-exists")


async def test_a_change_is_a_version_and_needs_the_one_that_was_read(office: httpx.AsyncClient) -> None:
    await post(office, "/products", a_product())
    path = f"{PATH}/TRAVEL-20"
    assert (await office.patch(path, json={"price": "25"})).status_code == 428
    changed = await office.patch(path, json={"price": "25"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["price"], changed.headers["etag"]) == (200, "25.00", '"2"')
    stale = await office.patch(path, json={"price": "26"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    same = await office.patch(path, json={"price": "25.00"}, headers={"If-Match": '"2"'})
    assert same.headers["etag"] == '"2"'
    versions = (await office.get(f"{path}/versions")).json()["items"]
    assert [(v["version"], v["content"]["price_fen"]) for v in versions] == [(2, 2500), (1, 2000)]


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"audience": {"must": [{"fact": "brand", "any_of": [9]}]}}, "validation-failed", "/audience/must/0/any_of/0"),
        ({"audience": {"must": [{"fact": "shoe_size", "any_of": [9]}]}}, "validation-failed", "/audience/must/0/fact"),
        ({"audience": {"must": [{"fact": "brand"}]}}, "validation-failed", "/audience/must/0"),
        ({"audience": {"must": [{"fact": "brand", "at_least": 3}]}}, "validation-failed", "/audience/must/0"),
        ({"audience": {"must": [{"fact": "days_since_contact", "at_least": 9, "at_most": 3}]}}, "validation-failed",
         "/audience/must/0"),
        ({"selling_points": []}, "validation-failed", "/selling_points"),
        ({"price": "-1"}, "validation-failed", "/price"),
        ({"price": "1.005"}, "validation-failed", "/price"),
        ({"valid_to": "2025-12-31"}, "validity-reversed", None),
    ],
)  # fmt: skip
async def test_a_product_that_cannot_be_is_refused_with_the_place(
    office: httpx.AsyncClient, change: dict[str, Any], code: str, pointer: str | None
) -> None:
    answer = await post(office, "/products", a_product(**change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    pointers = [error["pointer"] for error in answer.json().get("errors", [])]
    assert pointer is None or pointer in pointers
    assert (await office.get(f"{PATH}/TRAVEL-20")).status_code == 404


async def test_who_sells_reads_products_and_who_plans_writes_them(caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert (await clerk.get(PATH)).status_code == 200
    assert (await post(clerk, "/products", a_product())).status_code == 403
    changed = await clerk.patch(f"{PATH}/DATA-10", json={"priority": 1}, headers={"If-Match": "*"})
    assert changed.status_code == 403
    assert (await caller("gateway").get(PATH)).status_code == 403


async def test_the_price_list_holds_what_is_on_offer_that_day_cheapest_first(
    office: httpx.AsyncClient,
) -> None:
    await post(office, "/products", a_product(valid_to="2026-01-31"))
    january = (await office.get("/customer/v1/price-list", params={"day": "2026-01-31"})).json()
    february = (await office.get("/customer/v1/price-list", params={"day": "2026-02-01"})).json()
    assert "TRAVEL-20" in {item["code"] for item in january["items"]}
    assert "TRAVEL-20" not in {item["code"] for item in february["items"]}
    prices = [float(item["price"]) for item in january["items"]]
    assert prices == sorted(prices)
    assert len(february["items"]) >= 10
    on_offer = (await office.get(PATH, params={"valid_on": "2026-02-01", "limit": 200})).json()["items"]
    assert {item["code"] for item in on_offer} == {item["code"] for item in february["items"]}
