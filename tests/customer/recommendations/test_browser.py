"""Recommending in a real browser: from the line on the workbench to the answers on the card, scripts or not."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, expect

from services.customer.archive.models import Customer
from shared.events.complaints import ComplaintClosed, ComplaintRated
from shared.events.customer import ProductActivated, RecommendationAnswered
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import PASSWORD, a_user
from tests.customer.customers import a_customer
from tests.customer.offers import a_ticket, hear, the_halls_are
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[str]:
    """The service on a port of its own, with 张强 of ZZ01 among its users."""
    await a_user(runtime)
    async with served(app) as url:
        yield url


@pytest.fixture
async def customer(runtime: Runtime, organisation: None) -> Customer:
    """李锐, whose complaint was settled well yesterday."""
    await the_halls_are(runtime.database, "idle")
    customer, ticket = await a_customer(runtime.database, runtime.phones), uuid4()
    events = [a_ticket(ComplaintRated, customer, 3, ticket), a_ticket(ComplaintClosed, customer, 4, ticket)]
    await hear(runtime.database, *events)
    return customer


async def sign_in(page: Page, house: str) -> None:
    await page.goto(f"{house}/customer/signin")
    await page.get_by_label("用户名").fill("zz0101")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{house}/customer/workbench")


async def said(runtime: Runtime, kind: type[Any]) -> list[Any]:
    return [event for event in await events_said(runtime.database) if isinstance(event, kind)]


async def test_from_the_line_to_the_card_to_the_customers_yes_and_no(
    page: Page, house: str, customer: Customer, runtime: Runtime
) -> None:
    await sign_in(page, house)
    await page.get_by_role("button", name="跟进李锐").click()
    await expect(page).to_have_url(f"{house}/customer/customers/{customer.id}")
    offers = page.locator("#offers-part")
    await expect(offers.get_by_text("优先服务")).to_be_visible()
    await expect(offers.get_by_role("heading", name="畅游流量包 10 元")).to_be_visible()
    await offers.get_by_role("button", name="客户接受").first.click()
    await expect(offers.get_by_role("link", name="办理")).to_be_visible()
    await offers.get_by_label("没有接受的原因").first.select_option(label="价格太高")
    await offers.get_by_role("button", name="没有接受").first.click()
    await expect(offers.get_by_text("原因：价格太高")).to_be_visible()
    await offers.get_by_role("link", name="办理").click()
    await page.get_by_label("凭证编号").fill("受理单 1")
    await page.get_by_role("button", name="登记办理").click()
    await expect(page.get_by_role("status").first).to_contain_text("已登记办理")
    answers = await said(runtime, RecommendationAnswered)
    assert sorted(e.outcome for e in answers) == ["accepted", "activated", "declined"]
    (opened,) = await said(runtime, ProductActivated)
    assert opened.recommendation_id is not None


async def test_everything_works_without_scripts(chromium: Browser, house: str, customer: Customer) -> None:
    context: Any = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await sign_in(page, house)
    await page.get_by_role("link", name="打开服务机会").click()
    await page.get_by_role("link", name="李锐").click()
    await page.get_by_role("link", name="打开营销推荐").click()
    await page.get_by_role("button", name="客户接受").first.click()
    await expect(page.get_by_role("status").first).to_contain_text("已登记客户的答复")
    await page.get_by_role("link", name="办理", exact=True).click()
    await page.get_by_label("凭证编号").fill("受理单 1")
    await page.get_by_role("button", name="登记办理").click()
    await expect(page.get_by_text("畅游流量包 10 元：已办理")).to_be_visible()
    await context.close()
