"""The cleaning in a real browser, by keyboard: list, rehearsal, confirmation, report."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Page, expect

from shared.database import Database
from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user
from tests.customer.customers import NAME, PHONE, a_customer
from tests.customer.imports.sheets import as_csv
from tests.customer.purges.leavers import a_list, work
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("organisation")]


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime, database: Database) -> AsyncIterator[str]:
    """The service on a port of its own with a worker beside it, 王敏 of ZZ01 among its users."""
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    async with served(app) as url:
        working = asyncio.create_task(_work(database))
        yield url
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def _work(database: Database) -> None:
    while True:
        await work(database)
        await asyncio.sleep(0.2)


async def test_a_manager_cleans_by_keyboard(page: Page, house: str, runtime: Runtime, tmp_path: Path) -> None:
    await a_customer(runtime.database, runtime.phones)
    file = tmp_path / "离网.csv"
    file.write_bytes(as_csv(a_list((PHONE, ""))))
    await page.goto(f"{house}/customer/signin?next=/customer/cleaning")
    await page.get_by_label("用户名").fill("zz0100")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.keyboard.press("Enter")
    chooser = page.get_by_label("运营商的离网名单")
    await expect(chooser).to_be_focused()
    await chooser.set_input_files(file)
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="提交名单")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#updated")).to_have_text("1")
    await page.get_by_role("link", name="返回").press("Enter")
    await page.get_by_label("清理到哪个月底").select_option(index=1)
    await page.get_by_role("button", name="预演").press("Enter")
    await expect(page.get_by_text("李*")).to_be_visible()
    await page.get_by_label("我已核对").press("Space")
    await page.get_by_role("button", name="确认清理").press("Enter")
    await expect(page.locator("#erased")).to_have_text("1")
    await expect(page.get_by_role("table")).to_contain_text("大十字营业厅")
    assert NAME not in await page.content()
