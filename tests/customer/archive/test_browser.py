"""The workbench in a real browser: from the first key to the customer's card, by keyboard, with and without scripts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user
from tests.customer.customers import PHONE
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[str]:
    """The service on a port of its own, with 张强 of ZZ01 among its users."""
    await a_user(runtime)
    async with served(app) as url:
        yield url


async def sign_in(page: Page, house: str) -> None:
    await page.goto(f"{house}/customer/signin")
    await page.get_by_label("用户名").fill("zz0101")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{house}/customer/workbench")
    await expect(page.get_by_label("客户手机号码")).to_be_focused()


async def register(page: Page) -> None:
    """Everything from the focused search box on, with keys only until the answers are ticked."""
    await page.keyboard.type(PHONE)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("请读给客户听")).to_be_visible()
    await page.get_by_label("请问您是否同意我们保存您的号码").press("Space")
    await page.get_by_label("凭证编号").fill("S-1")
    await page.get_by_label("客户姓名").fill("李锐")
    for label, choice in (("品牌", "动感地带"), ("年龄阶段", "18-25"), ("每月消费额度", "30-80元")):
        await page.get_by_label(label).select_option(label=choice)
    await page.get_by_role("button", name="入档", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("已入档")
    await expect(page.get_by_role("heading", name="李锐")).to_be_visible()


async def test_a_clerk_registers_a_customer_by_keyboard_and_finds_the_card_again(
    page: Page, house: str
) -> None:
    await sign_in(page, house)
    await register(page)
    await expect(page.locator("#sms-count")).to_have_text("0")
    await page.get_by_role("link", name="工作台").click()
    await expect(page.get_by_label("客户手机号码")).to_be_focused()
    await page.keyboard.type("139 0832 0001")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="李锐")).to_be_visible()
    assert PHONE not in page.url
    assert PHONE not in await page.content()


async def test_a_wrong_number_is_said_where_the_clerk_looks(page: Page, house: str) -> None:
    await sign_in(page, house)
    await page.keyboard.type("12345")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("手机号码应为 11 位数字")).to_be_visible()
    await expect(page.get_by_label("客户手机号码")).to_have_value("12345")


async def test_everything_works_without_scripts(chromium: Browser, house: str) -> None:
    context: Any = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await sign_in(page, house)
    await register(page)
    await page.locator("summary", has_text="查看").first.click()
    await page.get_by_label("查看的原因").fill("客户要求回电")
    await page.get_by_role("button", name="查看号码").click()
    await expect(page.get_by_text(PHONE)).to_be_visible()
    await context.close()
