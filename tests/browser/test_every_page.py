"""What holds for every page: readable for everybody, small, in one column on a narrow window, no codes shown."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opener, Visit
from tests.journeys import desks
from tests.journeys.houses import EmbeddedHouse

AXE = (Path(__file__).parent / "axe" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
RUN_AXE = "() => axe.run({resultTypes: ['violations']})"
MOST_BYTES = 100_000
CODES = re.compile(
    r"\b(provisional|closed|restated|granted|withdrawn|signature|clerk|hall_manager|county_manager|region|None|true|false"
    r"|[a-z]+\.[a-z_]+|zizhong|dongxing|weiyuan|longchang|shizhong)\b"
)
CLERKS = (
    "/customer/workbench",
    "/customer/follow-ups",
    "/customer/scripts",
    "/customer/surveys",
    "/customer/surveys/stats",
    "/customer/opportunities",
    "/customer/price-list",
    "/customer/sales-campaigns",
    "/customer/work-reports",
    "/customer/market-reports",
    "/customer/contract-reminders",
    "/kpi/board",
    "/nowhere",
    "/kpi/invariants",
)
OFFICES = (
    "/kpi/board",
    "/kpi/board?place=zizhong",
    "/kpi/board?period=2020-01",
    "/kpi/invariants",
    "/customer/recommendations/statistics",
    "/customer/recommendations/statistics?by=hour",
    "/customer/recommendations/statistics?by=script",
    "/customer/docs",
)
SHOWING_CODES = ("/docs", "/customer/admin/users", "/customer/scripts/library/")
ADMINS = (
    "/customer/admin/halls",
    "/customer/admin/halls/ZZ01",
    "/customer/admin/clerks?hall=ZZ01",
    "/customer/admin/clerks/ZZ0101",
    "/customer/admin/users",
    "/customer/admin/users/zz0101",
    "/customer/admin/clients",
    "/customer/admin/clients/demo-pos",
    "/customer/scripts/library",
    "/customer/scripts/library/new",
    "/customer/scripts/stats",
    "/customer/surveys/questionnaires",
    "/customer/surveys/questionnaires/counter",
)


async def judge(window: Visit) -> None:
    """Axe's serious findings, weight, width and words of the page in the window."""
    page = window.page
    await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate(RUN_AXE)
    serious = [
        (violation["id"], [node["html"] for node in violation["nodes"]][:3])
        for violation in found["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert (page.url, serious) == (page.url, [])
    assert len((await page.content()).encode()) <= MOST_BYTES, page.url
    await stays_in_one_column(page)
    if not any(part in page.url for part in SHOWING_CODES):
        assert CODES.findall(await page.locator("body").inner_text()) == [], page.url


async def stays_in_one_column(page: Page) -> None:
    for width in (1280, 400):
        await page.set_viewport_size({"width": width, "height": 800})
        overflow = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
        assert (page.url, width, await page.evaluate(overflow)) == (page.url, width, 0)


async def test_the_door_is_in_order(visit: Opener) -> None:
    window = await visit()
    await window.goto("/")
    await judge(window)
    for path in ("/", "/customer/signin"):
        assert (await window.context.request.head(window.house.url + path)).status == 200


async def test_a_clerk_s_pages_are_in_order(visit: Opener, house: EmbeddedHouse) -> None:
    async with desks.desk(house) as pos:
        customer = await pos.register(desks.a_phone())
    window = await visit("zz0102")
    for path in CLERKS:
        await window.goto(path)
        await judge(window)
    await window.goto(f"/customer/customers/{customer['id']}")
    await window.page.wait_for_selector("#sms-count")
    await window.page.wait_for_selector("#offers-part .offer")
    await judge(window)
    for part in ("recommendations", "activations", "contracts"):
        await window.goto(f"/customer/customers/{customer['id']}/{part}")
        await judge(window)
    await window.goto("/customer/workbench")
    await expect(window.page.get_by_label("客户手机号码")).to_be_focused()
    await window.page.keyboard.type("13655554444")
    await window.page.keyboard.press("Enter")
    await window.page.wait_for_selector("#registration")
    await judge(window)


async def test_the_office_s_pages_are_in_order(visit: Opener) -> None:
    window = await visit("office")
    await window.page.get_by_role("button", name="立即计算").click()
    await window.page.wait_for_selector("#scores")
    for path in OFFICES:
        await window.goto(path)
        await judge(window)
    await window.goto("/kpi/board")
    await window.page.locator("tr.hall td a").first.click()
    await window.page.wait_for_selector("tfoot")
    await judge(window)
    await window.page.locator("tbody a").first.click()
    await window.page.wait_for_selector("h2:has-text('计入的事实')")
    await judge(window)


async def test_the_cleaning_and_a_work_report_are_in_order(visit: Opener, tmp_path: Path) -> None:
    file = tmp_path / "离网.csv"
    file.write_text("手机号码,离网时间\n13800001111,昨天\n13800,\n", encoding="utf-8")
    window = await visit("zz0101")
    page = window.page
    await window.goto("/customer/cleaning")
    await judge(window)
    await page.get_by_label("运营商的离网名单").set_input_files(file)
    await page.get_by_role("button", name="提交名单").click()
    await page.wait_for_selector("td:has-text('退回')")
    await judge(window)
    await window.goto("/customer/cleaning")
    await page.get_by_role("button", name="预演").click()
    await page.wait_for_selector("text=已完成")
    await judge(window)
    await window.goto("/customer/work-reports")
    await judge(window)
    await page.get_by_role("button", name="打开").click()
    await page.wait_for_selector("#figure-registrations")
    await judge(window)


async def test_the_administrator_s_pages_are_in_order(visit: Opener) -> None:
    window = await visit("admin")
    for path in ADMINS:
        await window.goto(path)
        await judge(window)
    await window.goto("/customer/scripts/library")
    await window.page.locator("tbody th a").first.click()
    await window.page.wait_for_selector("#versions")
    await judge(window)


@pytest.mark.parametrize("username", ["zz0101", "zizhong", "admin"])
async def test_everybody_s_first_page_is_in_order(visit: Opener, username: str) -> None:
    await judge(await visit(username))
