"""The administrator at work in a real browser."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[str]:
    """The service on a port of its own, with an administrator and a clerk."""
    await a_user(runtime)
    await a_user(runtime, "root", role="admin", hall=None, staff_no=None)
    async with served(app) as url:
        yield url


async def sign_in(page: Page, house: str, username: str, password: str = PASSWORD) -> None:
    await page.goto(f"{house}/customer/signin")
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(password)
    await page.keyboard.press("Enter")


async def test_a_clerk_is_locked_out_at_once_and_comes_back_with_the_new_password(
    page: Page, chromium: Browser, house: str
) -> None:
    elsewhere = await chromium.new_context(locale="zh-CN")
    clerk = await elsewhere.new_page()
    await sign_in(clerk, house, "zz0101")
    await expect(clerk).to_have_url(f"{house}/customer/workbench")
    await sign_in(page, house, "root")
    await expect(page).to_have_url(f"{house}/customer/admin")
    await page.get_by_role("link", name="用户").click()
    await page.get_by_role("link", name="zz0101").click()
    await page.get_by_role("button", name="停用").click()
    await expect(page.get_by_text("已停用，登录立即失效")).to_be_visible()
    await clerk.reload()
    await expect(clerk.get_by_role("heading", name="登录")).to_be_visible()
    await page.get_by_role("button", name="启用").click()
    await page.get_by_role("button", name="重设密码").click()
    password = await page.locator("#secret").inner_text()
    await sign_in(clerk, house, "zz0101", password)
    await expect(clerk).to_have_url(f"{house}/customer/workbench")
    await elsewhere.close()


async def test_a_clerk_is_moved_and_the_hall_remembers(page: Page, house: str) -> None:
    await sign_in(page, house, "root")
    await page.get_by_role("link", name="营业员").click()
    await page.get_by_role("link", name="ZZ0101").click()
    move = page.get_by_role("form", name="调动")
    await move.get_by_label("营业厅编码").fill("WY01")
    await move.get_by_role("button", name="调动").click()
    await expect(page.get_by_role("heading", name="张强")).to_contain_text("WY01")
    await page.goto(f"{house}/customer/admin/halls/ZZ01")
    await expect(page.get_by_role("row", name="ZZ0101")).to_contain_text("客户经理")
    await expect(page.get_by_role("row", name="ZZ0101")).not_to_contain_text("至今")
