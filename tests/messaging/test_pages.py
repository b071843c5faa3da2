"""The messaging service's other pages: replies, unknown outcomes, the suppression list, templates, the analysis."""

from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Submitted
from services.messaging.messages.models import Message
from shared import clock
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.analysis import test_routes as a_month
from tests.messaging.browsing import Visitor, Window
from tests.messaging.gateway import FakeGateway
from tests.messaging.inbound.test_usecases import reply
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones, at=clock.now() - timedelta(hours=1))
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


@pytest.fixture
def lead(visitor: Window) -> Visitor:
    return visitor("hall_manager", hall="ZZ01", county="zizhong")


@pytest.fixture
def office(visitor: Window) -> Visitor:
    return visitor("regional_office")


async def test_a_strangers_reply_is_given_to_the_customers_hall(
    runtime: Runtime, customer: UUID, office: Visitor, lead: Visitor
) -> None:
    page = "/messaging/replies"
    assert "没有待认领的回复" in await office.see(page)
    await reply(runtime, "你们几点开门？", phone="13700001111")
    seen = await office.see(page)
    assert ("你们几点开门？" in seen, "137********" in seen, "13700001111" in seen) == (True, True, False)
    assert "没有待认领的回复" in await lead.see(page)
    act = seen.partition(f'action="{page}/')[2].partition("/match")[0]
    nobody = await office.send(f"{page}/{act}/match", phone="13700009999")
    assert (nobody.status_code, "没有找到这位客户" in nobody.text) == (422, True)
    assert (await office.send(f"{page}/{act}/match", phone="12")).status_code == 422
    assert (await office.send(f"{page}/{act}/dismissal", reason="")).status_code == 422
    assert "已转给" in await office.follow(await office.send(f"{page}/{act}/match", phone="13900001234"))
    assert "不用再处理" in await office.follow(await office.send(f"{page}/{act}/dismissal", reason="骚扰"))
    assert "退訂、退订" in await office.follow(await office.http.get(f"{page}/{act}/match"))


async def test_unknown_outcomes_show_their_age_and_how_they_came_about(
    runtime: Runtime,
    customer: UUID,
    office: Visitor,
    lead: Visitor,
    gateway: FakeGateway,
    shelf: Shelf,
    visitor: Window,
) -> None:
    assert "没有结果未知的短信" in await lead.see("/messaging/unknowns")
    gateway.answer = Submitted("unknown", code="timeout")
    await Dispatcher(runtime, "simulator", gateway).step()
    await shelf.change(Message, unknown_since=clock.now() - timedelta(hours=26))
    page = await lead.see("/messaging/unknowns")
    assert ("1 天 2 小时" in page, "139********" in page) == (True, True)
    (message,) = await shelf.messages()
    why = await lead.see(f"/messaging/messages/{message.id}")
    for text in ("结果未知", "没有答复", "timeout", "第 1 次", "自我介绍", str(message.consent_id)):
        assert text in why
    other = visitor("hall_manager", hall="WY01", county="weiyuan")
    assert (await other.http.get(f"/messaging/messages/{message.id}")).status_code == 404
    assert "没有结果未知的短信" in await other.see("/messaging/unknowns")


async def test_a_number_goes_on_the_list_and_off_it(
    runtime: Runtime, customer: UUID, lead: Visitor, visitor: Window
) -> None:
    page = "/messaging/suppressions"
    assert "名单是空的" in await lead.see(page)
    wrong = await lead.send(page, phone="12", reason="do-not-contact", note="口头要求")
    assert (wrong.status_code, "口头要求</textarea>" in wrong.text) == (422, True)
    assert (
        await lead.send(page, phone="13700001111", reason="do-not-contact", note="口头要求")
    ).status_code == 422
    added = await lead.follow(
        await lead.send(page, phone="13900001234", reason="do-not-contact", note="口头要求")
    )
    assert ("立即生效" in added, "139********" in added, "13900001234" in added) == (True, True, False)
    act = added.partition(f'action="{page}/')[2].partition("/lift")[0]
    assert "要写明原因" in await lead.follow(await lead.send(f"{page}/{act}/lift", reason=""))
    await lead.follow(await lead.send(f"{page}/{act}/lift", reason="客户改变主意"))
    await reply(runtime, "TD")
    assert "客户重新同意后自动解除" in await lead.see(f"{page}?reason=opted-out")
    assert "加入名单" not in await visitor("clerk", hall="ZZ01", county="zizhong").see(page)


async def test_a_clerk_settles_a_number_that_nothing_reaches(
    runtime: Runtime, customer: UUID, keyring: KeyRing, app: FastAPI, lead: Visitor, visitor: Window
) -> None:
    page, clerk = (
        "/messaging/numbers",
        Visitor(app, keyring, "clerk", subject="ZZ0101", hall="ZZ01", county="zizhong"),
    )
    assert "没有待核对的号码" in await clerk.see(page)
    await lead.send("/messaging/suppressions", phone="13900001234", reason="number-dead", note="多次失败")
    assert "没有待核对的号码" in await visitor("clerk", hall="ZZ01", county="zizhong").see(page)
    seen = await clerk.see(page)
    assert ("139********" in seen, f"/customer/customers/{customer}" in seen) == (True, True)
    act = seen.partition(f'action="{page}/')[2].partition("/confirmation")[0]
    assert "怎么核实的（2" in await clerk.follow(await clerk.send(f"{page}/{act}/confirmation", reason=""))
    assert "恢复发送" in await clerk.follow(await clerk.send(f"{page}/{act}/confirmation", reason="当面打通"))
    assert "已经解除" in await clerk.follow(await clerk.send(f"{page}/{act}/confirmation", reason="再来一次"))
    await clerk.http.aclose()


async def test_a_template_is_written_by_one_and_approved_by_another(
    customer: UUID, office: Visitor, visitor: Window, lead: Visitor
) -> None:
    page, county = "/messaging/templates", visitor("county_manager", county="zizhong")
    assert "新建模板" not in await lead.see(page)
    assert "新建模板" in await office.see(page)
    part = await office.send(f"{page}/preview", text="{content}，请留意", **{"class": "marketing"})
    assert "【资中大十字营业厅】{content}，请留意拒收请回复R" in part.text
    wrong = await office.send(page, code="rain", title="雨季", text="【我】多雨", **{"class": "service"})
    assert (wrong.status_code, "模板里不要再写" in wrong.text, "雨季" in wrong.text) == (422, True, True)
    assert (await office.send(page, code="rain", title="", text="x")).status_code == 422
    made = await office.send(
        page, code="rain", title="雨季", text="{content}，出行带伞", **{"class": "service"}
    )
    assert "由您以外的同事审批" in await office.follow(made)
    assert "要由作者以外的人审批" in await office.follow(
        await office.send(f"{page}/rain/approval", version="1")
    )
    assert "看过再审批" in await county.follow(await county.send(f"{page}/rain/approval", version="7"))
    assert "使用中" in await county.follow(await county.send(f"{page}/rain/approval", version="1"))
    second = await office.send(
        page, code="rain", title="雨季", text="{content}，带伞", **{"class": "service"}
    )
    assert "目前使用第 1 版" in await office.follow(second)
    other_class = await office.send(page, code="rain", title="雨季", text="x", **{"class": "notice"})
    assert (other_class.status_code, "不能更改类别" in other_class.text) == (422, True)


month = a_month.month


async def test_the_analysis_shows_tables_and_the_same_figures_drawn(
    month: list[UUID], lead: Visitor, office: Visitor
) -> None:
    page = await lead.see("/messaging/frequency?month=2026-10")
    for text in (
        "75.0%",
        "同意接收服务短信的 4 人中，3 人",
        "10 时",
        "发送几条之后",
        "新业务",
        "<svg",
        "0条 1；1条 2；2条 1；",
    ):
        assert text in page
    assert "这个月还没有发出短信" in await lead.see("/messaging/frequency?month=2025-01")
    assert "共发出短信" in await office.see("/messaging/frequency?month=nonsense")
    assert "资中大十字营业厅" in await office.see("/messaging/frequency?month=2026-10&hall=ZZ02")
    assert "没有找到这个营业厅" in await lead.follow(await lead.http.get("/messaging/frequency?hall=WY01"))
