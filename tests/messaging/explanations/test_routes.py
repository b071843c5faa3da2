"""Why a message was sent or not: complete for the API, in Chinese sentences for people."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Submitted
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.plans.models import Plan
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

RAIN = {"content": "雨"}


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong")


async def plan(database: Database, customer: UUID, **other: Any) -> UUID:
    intent = Intent(
        "service", "service", other.pop("cause", f"t:{uuid4()}"), customer_id=customer, params=RAIN, **other
    )
    async with database.transaction() as session:
        (message,) = await plan_messages(session, [intent], now=clock.now())
    return message.id


async def why(client: httpx.AsyncClient, message: UUID) -> tuple[dict[str, Any], dict[str, str]]:
    told = (await client.get(f"/messaging/v1/messages/{message}/why")).json()
    return told, {line["kind"]: line["text"] for line in told["explanation"]}


@pytest.mark.both_databases
async def test_a_sent_message_tells_everything_from_its_cause_to_the_gateways_answer(
    clerk: httpx.AsyncClient, customer: UUID, shelf: Shelf, runtime: Runtime, gateway: FakeGateway
) -> None:
    await Dispatcher(runtime, "simulator", gateway).step()
    message = await shelf.message()
    told, words = await why(clerk, message.id)
    assert (told["template"]["title"], told["template"]["approver"]) == ("自我介绍", "system")
    assert told["cap"]["shared_with"] == ["service", "intro", "holiday", "marketing"]
    assert set(words) == {"cause", "template", "consent", "cap", "quiet_hours", "gateway", "outcome"}
    assert "客户入档后七日内自我介绍" in words["cause"]
    assert words["template"] == "《自我介绍》第 1 版。"
    assert str(message.consent_id) in words["consent"]
    assert "第 1 个名额（每月最多 2 条，服务短信、自我介绍、节日问候、新业务共用）" in words["cap"]
    assert words["quiet_hours"] == "允许 00:00–24:00 发送，当时在允许时段内。"
    assert "simulator 提交时：已收下" in words["gateway"]
    assert words["outcome"].startswith("网关已收；期限 ")


async def test_a_message_over_the_cap_tells_which_pool_was_empty_and_from_when_it_is_not(
    clerk: httpx.AsyncClient, customer: UUID, database: Database
) -> None:
    await plan(database, customer)
    _, words = await why(clerk, await plan(database, customer))
    assert words["cap"].startswith("本月次数已满（每月最多 2 条")
    assert f"{clock.next_month(clock.month_of(clock.now()))}-01 起可再发" in words["cap"]
    assert words["outcome"] == "未发：本月次数已满。"


async def test_a_consent_withdrawn_while_it_waited_is_the_one_that_is_told(
    clerk: httpx.AsyncClient, customer: UUID, ears: Ears, shelf: Shelf
) -> None:
    withdrawn = people.a_consent_change(customer, "withdrawn")
    await ears.hear(withdrawn)
    told, words = await why(clerk, (await shelf.message()).id)
    assert (told["consent"]["granted"], told["consent"]["consent_id"]) == (False, str(withdrawn.consent_id))
    assert "撤回同意" in words["consent"]
    assert "名额已退回" in words["cap"]


async def test_a_notice_needs_neither_consent_nor_slot(
    clerk: httpx.AsyncClient, customer: UUID, ears: Ears, shelf: Shelf
) -> None:
    await ears.hear(people.a_complaint(customer))
    (notice,) = [m for m in await shelf.messages() if m.message_class == "notice"]
    told, words = await why(clerk, notice.id)
    assert told["cap"] is None
    assert "不另征同意" in words["consent"]
    assert words["cap"] == "这类短信不占每月名额。"


async def test_the_plan_a_message_came_from_is_told(
    clerk: httpx.AsyncClient, customer: UUID, database: Database
) -> None:
    a_plan = Plan.draft(
        hall="ZZ01", county="zizhong", message_class="service", occasion="2026-11", template="service",
        params=RAIN, author="ZZ0100", now=clock.now(),
    )  # fmt: skip
    a_plan.approve("county", now=clock.now())
    plan_id = a_plan.id
    async with database.transaction() as session:
        session.add(a_plan)
    told, words = await why(
        clerk, await plan(database, customer, plan_id=plan_id, cause="plan:service:2026-11")
    )
    assert (told["plan"]["id"], told["plan"]["approver"]) == (str(plan_id), "county")
    assert words["plan"] == "ZZ01 2026-11 的服务短信计划，ZZ0100 撰写，county 审批。"


async def test_the_page_explains_in_chinese_and_the_card_lists_the_customers_messages(
    browser: Caller, customer: UUID, shelf: Shelf, runtime: Runtime, gateway: FakeGateway
) -> None:
    gateway.answer = Submitted("rejected", code="12")
    await Dispatcher(runtime, "simulator", gateway).step()
    clerk = browser("clerk", hall="ZZ01", county="zizhong")
    listed = await clerk.get(f"/messaging/customers/{customer}/messages", headers={"hx-request": "true"})
    assert "<html" not in listed.text
    assert "本月服务短信名额：已用 0 / 2" in listed.text
    assert "失败" in listed.text
    unheard = await clerk.get(f"/messaging/customers/{UUID(int=7)}/messages", headers={"hx-request": "true"})
    assert (unheard.status_code, "还没有发给这位客户的短信" in unheard.text) == (200, True)
    assert (await clerk.get(f"/messaging/customers/{UUID(int=7)}/messages")).status_code == 404
    whole = await clerk.get(f"/messaging/customers/{customer}/messages")
    assert (whole.status_code, "<html" in whole.text) == (200, True)
    page = await clerk.get(f"/messaging/messages/{(await shelf.message()).id}")
    for text in (
        "为什么",
        "起因",
        "客户同意",
        "每月名额",
        "名额已退回",
        "允许时段",
        "拒收，代码 12",
        "139********",
    ):
        assert text in page.text
    assert "13900001234" not in page.text


async def test_another_halls_messages_are_not_there_on_any_page(
    browser: Caller, customer: UUID, shelf: Shelf
) -> None:
    elsewhere = browser("clerk", hall="ZZ02", county="zizhong")
    message = await shelf.message()
    for path in (f"messages/{message.id}", f"customers/{customer}/messages"):
        assert (await elsewhere.get(f"/messaging/{path}")).status_code == 404


async def test_a_message_held_overnight_tells_until_when(
    caller: Caller, ears: Ears, phones: PhoneBook, shelf: Shelf
) -> None:
    opens = (clock.now() + timedelta(hours=2)).astimezone(clock.SHANGHAI).hour
    hall = people.a_hall(sms_from=time(opens), sms_until=time((opens + 1) % 24))
    await ears.hear(hall, people.a_customer(phones))
    message = await shelf.message()
    _, words = await why(caller("clerk", hall="ZZ01", county="zizhong"), message.id)
    assert message.status == "held"
    assert words["quiet_hours"].startswith(f"允许 {opens:02d}:00–")
    assert "当时在时段之外，推迟到" in words["quiet_hours"]
