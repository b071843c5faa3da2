"""The code at the counter, without scripts: ask, read aloud, done; and what is said when it is wrong."""

import httpx
import pytest

from services.customer.archive.models import Customer
from shared.database import Database
from shared.events.customer import CustomerConsentCodeRequested
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.confirmations.test_routes import ONLY_THE_ARCHIVE, another
from tests.customer.customers import a_customer

pytestmark = pytest.mark.usefixtures("organisation")


@pytest.fixture
async def customer(database: Database, runtime: Runtime) -> Customer:
    return await a_customer(database, runtime.phones, answers=ONLY_THE_ARCHIVE)


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers.update({"accept": "text/html"})
    return guest


async def test_a_code_is_asked_for_read_aloud_and_confirmed(
    clerk: httpx.AsyncClient, customer: Customer, runtime: Runtime
) -> None:
    card, page = f"/customer/customers/{customer.id}", f"/customer/customers/{customer.id}/consent-codes"
    assert f'hx-get="{page}"' in (await clerk.get(card)).text
    token = await csrf_of(clerk, page)
    form = {"csrf_token": token, "purposes": ["marketing_sms"], "wording_version": "v1"}
    sent = await clerk.post(page, data=form)
    assert (sent.status_code, sent.headers["location"]) == (303, page)
    waiting = await clerk.get(page)
    assert "已向 139******** 发送验证码" in waiting.text
    assert "用途：新业务和优惠短信。" in waiting.text
    (asked,) = [e for e in await events_said(runtime.database) if isinstance(e, CustomerConsentCodeRequested)]
    code = runtime.phones.open(asked.code_enc)
    assert code not in waiting.text
    wrong = await clerk.post(f"{page}/{asked.code_id}", data={"csrf_token": token, "code": another(code)})
    assert (wrong.status_code, "还可以再试 4 次" in wrong.text) == (422, True)
    right = await clerk.post(f"{page}/{asked.code_id}", data={"csrf_token": token, "code": code})
    assert (right.status_code, right.headers["location"]) == (303, card)
    shown = (await clerk.get(card)).text
    assert "客户已用短信验证码确认" in shown
    assert f"sms-code:{asked.code_id}" in shown


async def test_without_a_purpose_no_code_is_sent(clerk: httpx.AsyncClient, customer: Customer) -> None:
    page = f"/customer/customers/{customer.id}/consent-codes"
    form = {"csrf_token": await csrf_of(clerk, page), "wording_version": "v1"}
    answer = await clerk.post(page, data=form)
    assert (answer.status_code, "请至少选择一项" in answer.text) == (422, True)
    clerk.headers["hx-request"] = "true"
    part = await clerk.get(page)
    assert "<html" not in part.text
    assert "发送验证码" in part.text
