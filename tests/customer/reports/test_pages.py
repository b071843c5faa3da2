"""Work reports as a clerk's browser meets them, and in a real one by keyboard."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Page, expect

from shared import clock
from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user, csrf_of, sign_in
from tests.customer.conftest import Caller
from tests.customer.customers import register
from tests.serving import served

pytestmark = pytest.mark.usefixtures("organisation")
REPORTS = "/customer/work-reports"


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """张强 of ZZ01, signed in."""
    await a_user(runtime)
    await sign_in(guest)
    guest.headers.update({"accept": "text/html"})
    return guest


async def submit(browser: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, REPORTS)})


def chosen() -> dict[str, str]:
    return {"chosen": f"daily:{clock.business_date(clock.now())}"}


async def test_a_report_is_generated_kept_and_handed_in(clerk: httpx.AsyncClient) -> None:
    opened = await submit(clerk, REPORTS, **chosen())
    again = await submit(clerk, REPORTS, **chosen())
    assert (opened.status_code, again.headers["location"]) == (303, opened.headers["location"])
    path = opened.headers["location"]
    assert "新入档客户" in (await clerk.get(path)).text
    await submit(clerk, path, comment="上午下雨")
    assert "上午下雨" in (await clerk.get(path)).text
    await submit(clerk, path, comment="下午放晴", hand_in="yes")
    shown = (await clerk.get(path)).text
    assert "下午放晴" in shown
    assert "已提交" in shown
    assert "保存草稿" not in shown
    assert "已提交" in (await clerk.get(REPORTS)).text


async def test_a_wrong_choice_and_too_many_words_come_back(clerk: httpx.AsyncClient) -> None:
    wrong = await submit(clerk, REPORTS, chosen="daily:gestern")
    assert (wrong.status_code, "周期有误" in wrong.text) == (422, True)
    path = (await submit(clerk, REPORTS, **chosen())).headers["location"]
    long = await submit(clerk, path, comment="长" * 2001)
    assert (long.status_code, "最多 2000 个字" in long.text) == (422, True)


async def test_the_manager_reads_and_does_not_write(clerk: httpx.AsyncClient, runtime: Runtime) -> None:
    path = (await submit(clerk, REPORTS, **chosen())).headers["location"]
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    clerk.cookies.clear()
    await sign_in(clerk, "zz0100")
    page = (await clerk.get(path)).text
    assert "报告人还没有提交" in page
    assert (await submit(clerk, path, comment="代写")).status_code == 403


async def test_what_was_seen_of_the_market_is_handed_in(clerk: httpx.AsyncClient) -> None:
    seen = {"kind": "competitor", "title": "联通降价", "content": "城南厅 59 元", "observed_on": "2026-11-20"}
    empty = await submit(clerk, "/customer/market-reports", **{**seen, "content": " "})
    assert (empty.status_code, "请填写" in empty.text, "联通降价" in empty.text) == (422, True, True)
    assert (await submit(clerk, "/customer/market-reports", **seen)).status_code == 303
    assert "城南厅 59 元" in (await clerk.get("/customer/market-reports")).text


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[str]:
    await a_user(runtime)
    async with served(app) as url:
        yield url


@pytest.mark.browser
async def test_a_clerk_reports_by_keyboard(page: Page, house: str, caller: Caller) -> None:
    await register(caller("pos", hall="ZZ01", county="zizhong"))
    await page.goto(f"{house}/customer/signin?next={REPORTS}")
    await page.get_by_label("用户名").fill("zz0101")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("生成或打开")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#figure-registrations")).to_have_text("1")
    await page.get_by_label("工作情况").fill("一切顺利")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("已提交")
