"""Scripts in a real browser: beside the customer for a clerk, in the library for two managers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from services.customer.scripts import repository
from shared.runtime import Runtime
from shared.security.tenancy import Area
from tests.customer.access.people import PASSWORD, a_user
from tests.customer.customers import a_customer
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[str]:
    """The service on a port of its own, with a clerk, a manager of the hall and one of the county."""
    await a_user(runtime)
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await a_user(runtime, "zz0001", role="county_manager", hall=None, county="zizhong", staff_no="ZZ0001")
    async with served(app) as url:
        yield url


async def sign_in(page: Page, house: str, username: str) -> None:
    await page.context.clear_cookies()
    await page.goto(f"{house}/customer/signin?next=/customer/workbench")
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="退出")).to_be_visible()


async def uses(runtime: Runtime) -> list[tuple[str, int, int]]:
    async with runtime.database.reading() as session:
        rows = await repository.uses_by(
            session, Area.everything(), "version", since=None, until=None, limit=5
        )
    return [(row.title, row.uses, row.accepted) for row in rows if row.uses]


async def test_a_clerk_finds_words_on_the_card_and_says_they_were_accepted(
    page: Page, house: str, runtime: Runtime
) -> None:
    customer = await a_customer(runtime.database, runtime.phones)
    await sign_in(page, house, "zz0101")
    await page.goto(f"{house}/customer/customers/{customer.id}")
    await page.get_by_label("时机").select_option(label="请客户留下号码")
    await expect(page.get_by_text("留不留都由您")).to_be_visible()
    await page.get_by_label("查找词语").fill("送别")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("有事打0832-5520000找我")).to_be_visible()
    await page.get_by_role("button", name="用了，客户接受：核对后送别").click()
    await expect(page.get_by_text("已记下，客户接受")).to_be_visible()
    assert await uses(runtime) == [("核对后送别", 1, 1)]


async def test_the_workbench_offers_words_before_anybody_is_found(page: Page, house: str) -> None:
    await sign_in(page, house, "zz0101")
    await expect(page.get_by_text("我是客户经理张强")).to_be_visible()
    await expect(page.get_by_label("客户手机号码")).to_be_focused()


async def test_a_manager_writes_a_new_version_and_another_approves_it(page: Page, house: str) -> None:
    await sign_in(page, house, "zz0100")
    await page.get_by_role("link", name="话术", exact=True).click()
    await page.get_by_role("link", name="话术库").click()
    await page.get_by_label("查找词语").fill("问候")
    await page.get_by_role("button", name="查找").click()
    await page.get_by_role("link", name="进厅问候").click()
    await page.get_by_role("textbox", name="话术").fill("您好，{phone}")
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_text("不认识 {phone}")).to_be_visible()
    await page.get_by_role("textbox", name="话术").fill("您好，外面热，先坐下喝口水。")
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_text("等作者以外的人审批")).to_be_visible()
    url = page.url
    await sign_in(page, house, "zz0001")
    await page.goto(url)
    await page.get_by_role("button", name="审批通过").click()
    await expect(page.get_by_text("已审批，开始使用")).to_be_visible()
    await page.goto(f"{house}/customer/scripts")
    await expect(page.get_by_text("先坐下喝口水")).to_be_visible()


async def test_without_scripts_the_words_are_found_and_their_use_is_counted(
    chromium: Browser, house: str, runtime: Runtime
) -> None:
    context: Any = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await sign_in(page, house, "zz0101")
    await page.get_by_role("link", name="打开话术").click()
    await page.get_by_label("时机").select_option(label="结束送别")
    await page.get_by_label("对象").select_option(label="投诉客户")
    await page.get_by_role("button", name="查找").click()
    await page.get_by_role("button", name="用了：跟到底").click()
    await expect(page.get_by_text("已记下这次使用")).to_be_visible()
    assert await uses(runtime) == [("跟到底", 1, 0)]
    await context.close()
