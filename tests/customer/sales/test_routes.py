"""Sales campaigns over HTTP: opened by those who plan, seen by whom they concern, counted from activations."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.customer.archive.models import Customer
from shared import clock
from shared.database import Database
from shared.events.messaging import SmsActivationDenied
from shared.runtime import Runtime
from tests.customer.access.people import a_user, sign_in
from tests.customer.conftest import Caller
from tests.customer.customers import NOW, a_customer, post
from tests.customer.offers import hear

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
PATH = "/customer/v1/sales-campaigns"


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office")


@pytest.fixture
async def customer(database: Database, runtime: Runtime, organisation: None) -> Customer:
    return await a_customer(database, runtime.phones)


def a_campaign(**changes: Any) -> dict[str, Any]:
    today = clock.business_date(clock.now()).isoformat()
    usual = {
        "title": "流量季", "starts_on": today, "ends_on": today, "products": ["DATA-10", "DATA-30"],
        "targets": [
            {"hall": "ZZ01", "number": 4, "amount": "100"}, {"hall": "ZZ01", "clerk": "ZZ0101", "number": 2},
            {"hall": "WY01", "amount": "50.00"},
        ],
    }  # fmt: skip
    return {**usual, **changes}


async def sell(client: httpx.AsyncClient, customer: Customer, product: str, clerk: str) -> str:
    body = {
        "customer_id": str(customer.id), "product": product, "amount": "30.00", "clerk": clerk,
        "evidence": {"kind": "signature", "reference": uuid4().hex},
    }  # fmt: skip
    answer = await post(client, "/activations", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_progress_counts_what_was_opened_and_not_denied_by_hall_and_clerk(
    office: httpx.AsyncClient, caller: Caller, customer: Customer, database: Database
) -> None:
    opened = await post(office, "/sales-campaigns", a_campaign())
    assert (opened.status_code, opened.headers["etag"]) == (201, '"1"')
    pos = caller("pos", hall="ZZ01", county="zizhong")
    await sell(pos, customer, "DATA-10", "ZZ0101")
    await sell(pos, customer, "DATA-30", "ZZ0100")
    await sell(pos, customer, "RING-05", "ZZ0101")
    denied = await sell(pos, customer, "DATA-10", "ZZ0101")
    denial = SmsActivationDenied(
        occurred_at=NOW, inbound_id=uuid4(), received_at=NOW, activation_id=UUID(denied)
    )
    await hear(database, denial)
    progress = (await office.get(f"{PATH}/{opened.json()['id']}/progress")).json()
    lines = [
        (i["hall"], i["clerk"], i["numerator"], i["denominator"], i["amount"], i["target_amount"])
        for i in progress["items"]
    ]
    assert lines == [
        ("WY01", "", 0, 0, "0.00", "50.00"), ("ZZ01", "", 2, 4, "60.00", "100.00"),
        ("ZZ01", "ZZ0101", 1, 2, "30.00", "0.00"),
    ]  # fmt: skip
    total = progress["total"]
    assert (total["numerator"], total["denominator"], total["target_amount"]) == (2, 4, "150.00")


async def test_a_hall_sees_its_own_targets_and_a_county_its_own_campaigns(
    office: httpx.AsyncClient, caller: Caller
) -> None:
    region = (await post(office, "/sales-campaigns", a_campaign())).json()["id"]
    zizhong = caller("county_manager", county="zizhong")
    own = a_campaign(county="zizhong", targets=[{"hall": "ZZ01", "number": 1}])
    county = (await post(zizhong, "/sales-campaigns", own)).json()["id"]
    weiyuan, hall = caller("county_manager", county="weiyuan"), caller("clerk", hall="ZZ01", county="zizhong")
    assert [i["id"] for i in (await weiyuan.get(PATH)).json()["items"]] == [region]
    assert [i["id"] for i in (await hall.get(PATH)).json()["items"]] == [county, region]
    for path in (f"{PATH}/{county}", f"{PATH}/{county}/progress"):
        assert (await weiyuan.get(path)).status_code == 404
    assert {t["hall"] for t in (await weiyuan.get(f"{PATH}/{region}")).json()["targets"]} == {"WY01"}
    assert {t["hall"] for t in (await hall.get(f"{PATH}/{region}")).json()["targets"]} == {"ZZ01"}
    assert (await post(zizhong, "/sales-campaigns", a_campaign())).status_code == 403
    assert (await post(hall, "/sales-campaigns", own)).status_code == 403
    change = {"title": "另一个"}
    refused = await weiyuan.patch(f"{PATH}/{county}", json=change, headers={"If-Match": "*"})
    assert refused.status_code == 404
    theirs = await zizhong.patch(f"{PATH}/{region}", json=change, headers={"If-Match": "*"})
    assert theirs.status_code == 403


async def test_a_change_needs_the_version_and_replaces_all_targets(office: httpx.AsyncClient) -> None:
    path = f"{PATH}/{(await post(office, '/sales-campaigns', a_campaign())).json()['id']}"
    assert (await office.patch(path, json={"title": "新名"})).status_code == 428
    named = await office.patch(path, json={"title": "新名"}, headers={"If-Match": '"1"'})
    assert (named.json()["title"], named.headers["etag"]) == ("新名", '"2"')
    assert len((await office.get(path)).json()["targets"]) == 3
    body = {"targets": [{"hall": "ZZ02", "number": 7}]}
    assert (await office.patch(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
    assert (await office.patch(path, json=body, headers={"If-Match": '"2"'})).status_code == 200
    assert (await office.get(path)).json()["targets"] == [
        {"hall": "ZZ02", "clerk": "", "number": 7, "amount": "0.00"}
    ]


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"products": ["NOTHING"]}, "validation-failed", "/products/0"),
        ({"targets": [{"hall": "XX99", "number": 1}]}, "validation-failed", "/targets/0/hall"),
        ({"targets": [{"hall": "ZZ01", "clerk": "ZZ0201", "number": 1}]}, "validation-failed", "/targets/0/clerk"),
        ({"county": "weiyuan", "targets": [{"hall": "ZZ01", "number": 1}]}, "validation-failed", "/targets/0/hall"),
        ({"targets": [{"hall": "ZZ01"}]}, "validation-failed", "/targets/0"),
        ({"targets": [{"hall": "ZZ01", "number": 1}] * 2}, "validation-failed", "/targets"),
        ({"ends_on": "2020-01-01"}, "period-reversed", None),
    ],
)  # fmt: skip
async def test_a_campaign_that_cannot_be_is_refused_with_the_place(
    office: httpx.AsyncClient, change: dict[str, Any], code: str, pointer: str | None
) -> None:
    answer = await post(office, "/sales-campaigns", a_campaign(**change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert pointer is None or pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (await office.get(PATH)).json()["items"] == []


async def test_the_page_shows_what_runs_today_and_how_far_it_has_come(
    office: httpx.AsyncClient, guest: httpx.AsyncClient, caller: Caller, customer: Customer, runtime: Runtime
) -> None:
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers["accept"] = "text/html"
    page = "/customer/sales-campaigns"
    assert "没有进行中的营销活动" in (await guest.get(page)).text
    await post(office, "/sales-campaigns", a_campaign())
    await sell(caller("pos", hall="ZZ01", county="zizhong"), customer, "DATA-10", "ZZ0101")
    shown = (await guest.get(page)).text
    for words in ("流量季", "资中大十字营业厅", "张强", "全厅", "50%", "25%"):
        assert words in shown
    assert "威远" not in shown
