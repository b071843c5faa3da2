"""A campaign in a real browser: previewed while it is typed, approved with the head count, watched as it is sent."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Opener
from tests.browser.test_every_page import judge

PAGES = (
    *("campaigns", "campaigns/new", "templates", "templates/new", "templates/service", "plans", "replies"),
    *("unknowns", "numbers", "suppressions", "frequency", "calendar"),
)


async def test_a_campaign_is_made_confirmed_and_watched_to_its_end(visit: Opener) -> None:
    author = await visit("zizhong")
    page = author.page
    await page.get_by_role("link", name="短信").click()
    await page.get_by_role("link", name="新建任务").click()
    await page.get_by_role("link", name="服务短信", exact=True).click()
    await expect(page.locator("#preview")).to_contain_text("{content}")
    await page.get_by_label("任务名称").fill("雨季提醒")
    await page.get_by_label("模板变量 content").fill("本周多雨，出行请带伞。")
    await expect(page.locator("#preview")).to_contain_text("您好！本周多雨，出行请带伞。")
    await page.get_by_label("营业厅").select_option("ZZ02")
    until = await page.get_by_label("截止").input_value()
    await page.get_by_label("在此之前均匀发送").fill(until)  # so that there is something to pause
    await judge(author)
    await page.get_by_role("button", name="统计人数并提交审批").click()
    await expect(page.get_by_role("heading", name="审批", exact=True)).to_be_visible()
    await expect(page.get_by_text("由您以外的同事审批")).to_be_visible()
    await judge(author)

    approver = await visit("office")
    await approver.page.goto(page.url)
    told = await approver.page.locator("#approval ~ p").first.inner_text()
    count = re.search(r"名单 ([\d,]+) 人", told)
    assert count is not None
    await approver.page.get_by_label("请再填一遍名单人数").fill("1")
    await approver.page.get_by_role("button", name="批准发送").click()
    await expect(approver.page.get_by_text("与统计的人数不一致")).to_be_visible()
    await approver.page.get_by_label("请再填一遍名单人数").fill(count[1].replace(",", ""))
    await approver.page.get_by_role("button", name="批准发送").click()
    await expect(approver.page.get_by_text("已审批。")).to_be_visible()

    await page.reload()
    await expect(page.locator("#state")).to_contain_text("发送中", timeout=60_000)
    await expect(page.get_by_text("账目相符")).to_be_visible()
    await page.get_by_role("button", name="暂停").click()
    await expect(page.locator("#state")).to_contain_text("已暂停")
    await page.get_by_role("button", name="取消任务").click()
    await expect(page.locator("#state")).to_contain_text("已取消")
    await expect(page.get_by_text("账目相符")).to_be_visible()
    await judge(author)


async def test_the_messaging_pages_are_in_order(visit: Opener) -> None:
    window = await visit("office")
    for path in PAGES:
        await window.goto(f"/messaging/{path}")
        await judge(window)


async def test_without_scripts_a_campaign_is_made_too(visit: Opener) -> None:
    window = await visit("zizhong", scripts=False)
    await window.goto("/messaging/campaigns/new?template=holiday")
    page = window.page
    await page.get_by_label("任务名称").fill("元旦问候")
    await page.get_by_label("模板变量 festival").fill("元旦")
    await page.get_by_label("模板变量 wish").fill("新年快乐")
    await page.get_by_role("button", name="统计人数并提交审批").click()
    await expect(page.get_by_text("名单已统计")).to_be_visible()
    await page.get_by_role("button", name="取消任务").click()
    await expect(page.locator("#state")).to_contain_text("已取消")
