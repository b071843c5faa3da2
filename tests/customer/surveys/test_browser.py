"""A rating in a real browser: asked for by one clerk, taken down by another, or given by the customer alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from services.customer.archive.models import Customer
from services.customer.surveys.models import Invitation
from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[str]:
    """The service on a port of its own, with the clerk who serves and a colleague."""
    await a_user(runtime)
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    async with served(app) as url:
        yield url


async def sign_in(page: Page, house: str, username: str) -> None:
    await page.wait_for_load_state(
        "networkidle"
    )  # a panel still on its way would lead to the sign-in by itself
    await page.context.clear_cookies()
    await page.goto(f"{house}/customer/signin")
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="退出")).to_be_visible()


async def ask_on_the_card(page: Page, house: str, customer: Customer) -> None:
    await sign_in(page, house, "zz0101")
    await page.goto(f"{house}/customer/customers/{customer.id}")
    await page.get_by_role("button", name="请客户评价这次服务").click()
    await expect(page.get_by_text("已请客户评价")).to_be_visible()


async def answered(runtime: Runtime) -> tuple[str | None, str | None]:
    async with runtime.database.reading() as session:
        invitation = (await session.scalars(sa.select(Invitation))).one()
    return invitation.channel, invitation.recorded_by


async def test_a_colleague_takes_down_what_the_customer_says(
    page: Page, house: str, customer: Customer, runtime: Runtime
) -> None:
    await ask_on_the_card(page, house, customer)
    await page.get_by_role("link", name="满意度", exact=True).first.click()
    await expect(page.get_by_text("由同事记录")).to_be_visible()
    await sign_in(page, house, "zz0100")
    await page.get_by_role("link", name="满意度").click()
    await page.get_by_role("link", name="记录").click()
    await page.get_by_role("button", name="记录", exact=True).click()
    await expect(page.get_by_text("请评分").first).to_be_visible()
    for question in ("服务态度", "办理速度", "费用和规则讲得清楚"):
        await page.get_by_role("group", name=question).get_by_label("5 非常满意").check()
    await page.get_by_label("方式").select_option(label="电话")
    await page.get_by_role("button", name="记录", exact=True).click()
    await expect(page.get_by_text("已记录客户的评价")).to_be_visible()
    assert await answered(runtime) == ("phone", "ZZ0100")
    await page.get_by_role("link", name="统计").click()
    await expect(page.get_by_role("row", name="ZZ0101")).to_contain_text("1 / 1")


async def test_a_customer_answers_alone_on_a_phone_without_scripts(
    page: Page, chromium: Browser, house: str, customer: Customer, runtime: Runtime
) -> None:
    await ask_on_the_card(page, house, customer)
    await sign_in(page, house, "zz0100")
    await page.get_by_role("link", name="满意度").click()
    await page.get_by_role("link", name="记录").click()
    await page.get_by_role("button", name="取一次性链接").click()
    shown = await page.get_by_text("/customer/survey/").inner_text()
    url = shown.replace("http://hall.test", house)
    phone: Any = await chromium.new_context(
        java_script_enabled=False, locale="zh-CN", viewport={"width": 360, "height": 740}
    )
    own = await phone.new_page()
    await own.goto(url)
    for question in ("服务态度", "办理速度", "费用和规则讲得清楚"):
        await own.get_by_role("group", name=question).get_by_label("4").check()
    await own.get_by_role("button", name="提交评价").click()
    await expect(own.get_by_text("谢谢您的评价")).to_be_visible()
    await own.goto(url)
    await expect(own.get_by_text("这个评价链接已失效")).to_be_visible()
    await phone.close()
    assert await answered(runtime) == ("link", None)
