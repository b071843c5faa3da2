"""Follow-ups in a real browser: the strip leads to the list, the list is worked with keys only, the card tells it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from services.customer.archive.rules import Profile
from shared import clock
from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user
from tests.customer.handovers.test_routes import colleague
from tests.customer.touches.conftest import Contacted
from tests.serving import served

__all__ = ["colleague"]
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]
AXE = Path(__file__).parents[2] / "browser" / "axe" / "axe-4.14.1.min.js"
SERIOUS = """async () => (await axe.run()).violations
  .filter(found => ['serious', 'critical'].includes(found.impact)).map(found => found.id)"""


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime, contacted: Contacted) -> AsyncIterator[str]:
    """The service on a port of its own; 张强 has an overdue, a late and a distant customer, 王敏 leads the hall."""
    await a_user(runtime)
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    for gap, name in ((130, "李锐"), (95, "王芳"), (10, "赵敏")):
        await contacted(gap, now=clock.now(), profile=Profile(name, 2, 2, 1))
    async with served(app) as url:
        yield url


async def sign_in(page: Page, house: str, username: str = "zz0101") -> None:
    await page.goto(f"{house}/customer/signin")
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_load_state("networkidle")


async def is_readable_by_everybody(page: Page) -> bool:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(SERIOUS)
    assert found == [], (page.url, found)
    return True


async def test_the_day_is_worked_with_keys_only(page: Page, house: str) -> None:
    await sign_in(page, house)
    strip = page.get_by_role("region", name="今天")
    await expect(strip.get_by_role("link", name="1 ✕ 已逾期")).to_be_visible()
    await expect(page.get_by_label("客户手机号码")).to_be_focused()
    assert await is_readable_by_everybody(page)
    await strip.get_by_role("link", name="1 ! 已过目标日").press("Enter")
    await expect(page.get_by_label("李锐", exact=True)).to_be_focused()
    assert await is_readable_by_everybody(page)
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("王芳", exact=True)).to_be_checked()
    await page.get_by_label("记录（可不填）").press(
        "Tab"
    )  # the form is one: from anywhere in it Enter sends it
    await page.get_by_label("记录（可不填）").fill("电话里说资费合适")
    await page.keyboard.press("Enter")
    due = clock.business_date(clock.now()) + timedelta(days=90)
    await expect(page.get_by_role("status")).to_contain_text(f"已登记，下次回访 {due}")
    await expect(page.get_by_label("王芳", exact=True)).to_have_count(0)
    await page.get_by_role("link", name="李锐的档案").press("Enter")
    panel = page.get_by_role("region", name="接触和回访")
    await expect(panel).to_contain_text("已逾期 10 天")
    await panel.get_by_label("记录（可不填）").fill("上门送账单")
    await panel.get_by_label("接触方式").select_option(label="上门拜访")
    await panel.get_by_role("button", name="登记接触").click()
    await expect(page.get_by_role("status")).to_contain_text("已登记接触")
    await expect(page.get_by_role("region", name="接触和回访")).to_contain_text("上门送账单")
    assert await is_readable_by_everybody(page)


async def test_the_manager_hands_customers_over(page: Page, house: str) -> None:
    await sign_in(page, house, "zz0100")
    await expect(page).to_have_url(f"{house}/customer/halls/ZZ01")
    await expect(page.get_by_role("region", name="等得最久的客户").first).to_contain_text("李锐")
    assert await is_readable_by_everybody(page)
    await page.get_by_label("移交人").select_option(label="张强 ZZ0101")
    await page.get_by_label("接手人").select_option(label="李娜 ZZ0102")
    await page.get_by_label("原因").select_option(label="离职")
    await page.get_by_role("button", name="移交").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("已移交 3 位客户和 3 次回访")
    await expect(page.get_by_role("region", name="各客户经理").first).to_contain_text("李娜")


async def test_the_list_and_the_card_work_without_scripts(chromium: Browser, house: str) -> None:
    context: Any = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await sign_in(page, house)
    await page.get_by_role("link", name="打开今天").click()
    await page.get_by_role("link", name="1 ✕ 已逾期").click()
    await page.get_by_role("button", name="登记回访").click()
    await expect(page.get_by_role("status")).to_contain_text("已登记")
    await page.get_by_role("link", name="待回访").click()
    await page.get_by_role("link", name="王芳的档案").click()
    await page.get_by_role("link", name="打开接触和回访").click()
    await page.get_by_role("button", name="登记接触").click()
    await expect(page.get_by_role("status")).to_contain_text("已登记接触")
    await context.close()
