"""The workbench as a clerk's browser meets it, without scripts: find, ask, register, look, change."""

import re
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.customer.access_log.models import AccessLogEntry
from services.customer.archive.models import Customer
from shared.database import Database
from shared.events.customer import CustomerConsentChanged, CustomerNumberStored, CustomerRegistered
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.customers import PHONE, a_customer

pytestmark = pytest.mark.usefixtures("organisation")
WORKBENCH = "/customer/workbench"
PAGE = {"accept": "text/html"}


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """张强 of ZZ01, signed in."""
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers.update(PAGE)
    return guest


async def submit(
    browser: httpx.AsyncClient, path: str, form: dict[str, Any], seen: str = WORKBENCH
) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, seen)})


def a_form(**changes: Any) -> dict[str, Any]:
    usual = {
        "phone": PHONE, "wording_version": "v1", "archive": "on", "service_sms": "on", "evidence_kind": "signature",
        "evidence_reference": "S-1", "name": "李锐", "brand": "2", "age_band": "2", "spend_band": "0", "gender": "",
        "habits": ["1", "4"], "habits_note": "", "preferences_note": "钓鱼", "number_stored": "on",
    }  # fmt: skip
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


async def test_an_unknown_number_leads_to_the_words_and_the_form(clerk: httpx.AsyncClient) -> None:
    first = await clerk.get(WORKBENCH)
    assert "您还没有入档客户" in first.text
    assert re.search(r'<input id="f-phone"[^>]*autofocus', first.text)
    found = await submit(clerk, f"{WORKBENCH}/search", {"phone": "139 0832 0001"})
    assert found.status_code == 200
    assert "请读给客户听" in found.text
    assert "您好，我是中国移动资中大十字营业厅的张强" in found.text
    assert "0832-5520000" in found.text
    assert str(found.url).endswith("/search")


@pytest.mark.both_databases
async def test_a_customer_is_registered_on_the_page_and_found_again(
    clerk: httpx.AsyncClient, database: Database
) -> None:
    saved = await submit(clerk, f"{WORKBENCH}/customers", a_form())
    assert saved.status_code == 303
    card = await clerk.get(saved.headers["location"])
    for shown in (
        "李锐",
        "139********",
        "动感地带",
        "30元以下",
        "经常关机、经常手机上网",
        "钓鱼",
        "没有咨询或投诉",
        "已入档",
    ):
        assert shown in card.text
    assert PHONE not in card.text
    registered, stored = [e for e in await events_said(database) if e.topic.startswith("customer.")]
    assert isinstance(registered, CustomerRegistered)
    assert isinstance(stored, CustomerNumberStored)
    assert (registered.origin, registered.clerk, registered.granted("marketing_sms")) == (
        "page",
        "ZZ0101",
        False,
    )
    found = await submit(clerk, f"{WORKBENCH}/search", {"phone": PHONE})
    assert (found.status_code, found.headers["location"]) == (303, saved.headers["location"])
    again = await submit(clerk, f"{WORKBENCH}/customers", a_form())
    assert (again.status_code, again.headers["location"]) == (303, saved.headers["location"])
    assert "李锐" in (await clerk.get(WORKBENCH)).text


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"archive": None}, "客户没有同意入档"),
        ({"evidence_reference": ""}, "请填写"),
        ({"name": ""}, "请填写"),
        ({"brand": "9"}, "代码表中没有这个代码"),
        ({"phone": "1"}, "手机号码应为 11 位数字"),
    ],
)
async def test_what_is_wrong_is_said_beside_the_form_which_keeps_what_was_typed(
    clerk: httpx.AsyncClient, database: Database, change: dict[str, Any], shown: str
) -> None:
    answer = await submit(clerk, f"{WORKBENCH}/customers", a_form(**change))
    assert answer.status_code == 422
    assert shown in answer.text
    assert 'value="钓鱼"' in answer.text
    async with database.reading() as session:
        assert (await session.scalars(sa.select(Customer))).all() == []


async def test_a_wrong_number_is_said_at_the_search_box(clerk: httpx.AsyncClient) -> None:
    answer = await submit(clerk, f"{WORKBENCH}/search", {"phone": "12345"})
    assert (answer.status_code, "手机号码应为 11 位数字" in answer.text) == (422, True)
    clerk.headers["hx-request"] = "true"
    part = await clerk.post(
        f"{WORKBENCH}/search", data={"phone": PHONE, "csrf_token": await csrf_of_part(clerk)}
    )
    assert "<html" not in part.text
    assert "请读给客户听" in part.text


async def csrf_of_part(browser: httpx.AsyncClient) -> str:
    del browser.headers["hx-request"]
    token = await csrf_of(browser, WORKBENCH)
    browser.headers["hx-request"] = "true"
    return token


async def test_a_number_of_another_hall_is_neither_shown_nor_offered(
    clerk: httpx.AsyncClient, database: Database, runtime: Runtime
) -> None:
    theirs = await a_customer(database, runtime.phones, hall="ZZ02", clerk="ZZ0201")
    found = await submit(clerk, f"{WORKBENCH}/search", {"phone": PHONE})
    assert "已在其他营业厅入档" in found.text
    assert str(theirs.id) not in found.text
    assert "请读给客户听" not in found.text
    assert (await clerk.get(f"/customer/customers/{theirs.id}")).status_code == 404


async def test_consents_the_stored_number_and_the_reveal_are_recorded_from_the_card(
    clerk: httpx.AsyncClient, database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    path = f"/customer/customers/{customer.id}"
    withdrawal = {
        "purpose": "marketing_sms", "decision": "withdrawn", "channel": "hall_phone", "wording_version": "v1",
        "evidence_kind": "recording", "evidence_reference": "R-7",
    }  # fmt: skip
    assert (
        await submit(clerk, f"{path}/consents", {**withdrawal, "evidence_reference": ""}, path)
    ).status_code == 422
    assert (await submit(clerk, f"{path}/consents", withdrawal, path)).status_code == 303
    assert (await submit(clerk, f"{path}/number-stored", {}, path)).status_code == 303
    card = (await clerk.get(path)).text
    assert "撤回，凭证 录音 R-7" in card
    assert "已存入客户手机" in card
    assert (await submit(clerk, f"{path}/phone-reveals", {"reason": ""}, path)).status_code == 422
    revealed = await submit(clerk, f"{path}/phone-reveals", {"reason": "客户要求回电"}, path)
    assert (revealed.status_code, PHONE in revealed.text) == (200, True)
    assert PHONE not in (await clerk.get(path)).text
    async with database.reading() as session:
        looks = (await session.scalars(sa.select(AccessLogEntry).order_by(sa.column("id")))).all()
    assert len({look.hour for look in looks if look.action == "customer-viewed"}) == len(looks) - 1
    (entry,) = [look for look in looks if look.action == "phone-revealed"]
    assert (entry.actor, entry.reason) == ("ZZ0101", "客户要求回电")
    said = [type(e) for e in await events_said(database)][-2:]
    assert said == [CustomerConsentChanged, CustomerNumberStored]


async def test_whoever_works_at_no_hall_may_look_but_is_offered_no_registration(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime, "zz0001", role="county_manager", hall=None, county="zizhong", staff_no="ZZ0001")
    await sign_in(guest, "zz0001")
    guest.headers.update(PAGE)
    found = await submit(guest, f"{WORKBENCH}/search", {"phone": PHONE})
    assert "入档由营业厅的客户经理办理" in found.text
    assert (await submit(guest, f"{WORKBENCH}/customers", a_form())).status_code == 403


async def test_what_is_missing_is_said_beside_its_field_and_the_cursor_waits_there(
    clerk: httpx.AsyncClient,
) -> None:
    again = (await submit(clerk, f"{WORKBENCH}/customers", a_form(name="", brand=""))).text
    assert again.count("✕ 请填写。") == 2
    assert re.search(r'<input id="f-name"[^>]* autofocus', again)
    again = (await submit(clerk, f"{WORKBENCH}/customers", a_form(name="", archive=None))).text
    assert "客户没有同意入档" in again
    assert re.search(r'name="archive" autofocus', again)


@pytest.mark.parametrize("path", [f"{WORKBENCH}/search", f"{WORKBENCH}/customers"])
async def test_the_address_of_a_form_opened_again_leads_back_to_the_workbench(
    clerk: httpx.AsyncClient, path: str
) -> None:
    assert (await clerk.get(path)).headers["location"] == WORKBENCH


async def test_a_hall_manager_sees_the_latest_of_the_whole_hall(
    guest: httpx.AsyncClient, database: Database, runtime: Runtime
) -> None:
    await a_customer(database, runtime.phones)
    await a_user(runtime, "zz0100", role="hall_manager", staff_no=None)
    await sign_in(guest, "zz0100")
    guest.headers.update(PAGE)
    page = (await guest.get(WORKBENCH)).text
    assert "最近入档的客户" in page
    assert page.count('href="/customer/customers/') == 1
