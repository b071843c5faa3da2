"""The month's plan in a real browser: the county writes it, the office approves it, the hall sees its days."""

from playwright.async_api import expect

from shared import clock
from tests.browser.conftest import Opener
from tests.browser.test_every_page import judge
from tests.journeys import desks
from tests.journeys.houses import EmbeddedHouse

MONTH = clock.next_month(clock.month_of(clock.now()))


async def test_a_months_content_is_written_approved_and_seen_by_the_hall(visit: Opener) -> None:
    author = await visit("zizhong")
    await author.goto(f"/messaging/plans?month={MONTH}")
    await author.page.get_by_text("撰写本月服务短信").click()
    await author.page.get_by_label("内容").first.fill("请拨打13900001234")
    await author.page.get_by_role("button", name="保存，提交审批").click()
    await expect(author.page.get_by_text("短信内容里不能写手机号码").first).to_be_visible()
    await author.page.get_by_label("内容").first.fill("雨季将至，出行请带伞。")
    await author.page.get_by_role("button", name="保存，提交审批").click()
    await expect(author.page.get_by_text("等待审批").first).to_be_visible()
    await judge(author)

    approver = await visit("office")
    await approver.goto(f"/messaging/plans?month={MONTH}")
    await approver.page.get_by_role("button", name="审批本月全部待审批计划").click()
    await expect(approver.page.get_by_text("份计划。")).to_be_visible()
    await judge(approver)

    clerk = await visit("zz0102")
    await clerk.goto(f"/messaging/plans?month={MONTH}")
    await expect(clerk.page.get_by_text("雨季将至，出行请带伞。")).to_be_visible()
    await expect(clerk.page.get_by_text("已审批")).to_be_visible()
    await judge(clerk)


async def test_the_card_leads_to_why_a_message_was_sent(visit: Opener, house: EmbeddedHouse) -> None:
    async with desks.desk(house) as pos:
        customer = (await pos.register(desks.a_phone()))["id"]
        await desks.until_introduced(pos, customer)
    clerk = await visit("zz0102")
    await clerk.goto(f"/customer/customers/{customer}")
    await clerk.page.get_by_role("link", name="为什么").first.click()
    for text in ("起因", "客户同意", "每月名额", "允许时段", "结果"):
        await expect(clerk.page.get_by_text(text, exact=True)).to_be_visible()
    await judge(clerk)
