"""What a hall has and offers, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.customer.conftest import Caller
from tests.customer.customers import post

pytestmark = pytest.mark.usefixtures("organisation")


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong")


async def listed(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    usual = {
        "hall": "ZZ01", "kind": "facility", "title": "自助缴费机", "quantity": 2, "condition": "good",
        "valid_from": "2026-11-01",
    }  # fmt: skip
    return await post(client, "/facilities", {**usual, **changes})


def a_promotion(**changes: Any) -> dict[str, Any]:
    nothing = {"quantity": None, "condition": None}
    return {"kind": "promotion", "title": "存话费送手机", "valid_to": "2026-11-30", **nothing, **changes}


@pytest.mark.both_databases
async def test_facilities_and_promotions_are_listed_changed_and_found_by_day(
    manager: httpx.AsyncClient,
) -> None:
    machine = (await listed(manager)).json()
    assert (await listed(manager, **a_promotion())).status_code == 201
    path = f"/customer/v1/facilities/{machine['id']}"
    changed = await manager.patch(path, json={"condition": "broken"}, headers={"If-Match": '"1"'})
    assert (changed.json()["condition"], changed.headers["etag"]) == ("broken", '"2"')
    assert (await manager.patch(path, json={"quantity": 1}, headers={"If-Match": '"1"'})).status_code == 412

    async def titles(**query: str) -> list[str]:
        items = (await manager.get("/customer/v1/facilities", params=query)).json()["items"]
        return [item["title"] for item in items]

    assert await titles(on="2026-11-15") == ["存话费送手机", "自助缴费机"]
    assert await titles(on="2026-12-01") == ["自助缴费机"]
    assert await titles(kind="promotion") == ["存话费送手机"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"quantity": None}, "/quantity"),
        ({"valid_to": "2026-10-01"}, "/valid_to"),
        (a_promotion(valid_to=None), "/valid_to"),
        (a_promotion(quantity=1), "/quantity"),
    ],
)
async def test_what_does_not_fit_together_is_refused(
    manager: httpx.AsyncClient, changes: dict[str, Any], pointer: str
) -> None:
    answer = await listed(manager, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "facility-invalid")
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_another_halls_list_is_not_there(manager: httpx.AsyncClient, caller: Caller) -> None:
    path = f"/customer/v1/facilities/{(await listed(manager)).json()['id']}"
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    assert (await elsewhere.get(path)).status_code == 404
    assert (await elsewhere.patch(path, json={"title": "x"}, headers={"If-Match": "*"})).status_code == 404
    assert (await listed(elsewhere)).status_code == 404
    assert (await listed(caller("clerk", hall="ZZ01", county="zizhong"))).status_code == 403
