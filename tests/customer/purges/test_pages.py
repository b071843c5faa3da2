"""The cleaning's pages as a manager's browser meets them, without scripts."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.customer.purges import usecases
from shared import clock
from shared.database import Database
from shared.runtime import Runtime
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.conftest import Caller
from tests.customer.customers import NAME, PHONE, register
from tests.customer.imports.sheets import as_csv
from tests.customer.purges.leavers import a_list, work

pytestmark = pytest.mark.usefixtures("organisation")
CLEANING = "/customer/cleaning"


@pytest.fixture
async def manager(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """王敏 of ZZ01, signed in."""
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await sign_in(guest, "zz0100")
    guest.headers.update({"accept": "text/html"})
    return guest


async def submit(browser: httpx.AsyncClient, path: str, **form: Any) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, CLEANING)})


async def upload(browser: httpx.AsyncClient, content: bytes) -> httpx.Response:
    token = await csrf_of(browser, CLEANING)
    files = {"file": ("离网.csv", content)}
    return await browser.post(f"{CLEANING}/lists", files=files, data={"csrf_token": token})


async def left_by_list(browser: httpx.AsyncClient, database: Database) -> httpx.Response:
    answer = await upload(browser, as_csv(a_list((PHONE, ""), ("13800000000", ""), ("13908", ""))))
    assert answer.status_code == 303, answer.text
    await work(database)
    return await browser.get(answer.headers["location"])


async def test_from_the_list_over_the_rehearsal_to_the_report(
    manager: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    await register(caller("pos", hall="ZZ01", county="zizhong"))
    listed = await left_by_list(manager, database)
    assert '登记离网 <span class="figure" id="updated">1</span>，无需处理 1，退回 1' in listed.text
    assert '<span class="figure" id="waiting">1</span>' in (await manager.get(CLEANING)).text
    month = clock.month_of(clock.now())
    started = await submit(manager, f"{CLEANING}/purges", month=month)
    await work(database)
    rehearsal = await manager.get(started.headers["location"])
    assert "抽样核对" in rehearsal.text
    assert "李*" in rehearsal.text
    assert not {NAME, PHONE} & set(re.findall(r"\w+", rehearsal.text))
    form = {"month": month, "rehearsal": started.headers["location"].rpartition("/")[2]}
    unconfirmed = await submit(manager, f"{CLEANING}/purges", **form)
    assert unconfirmed.status_code == 422
    assert "请先勾选确认" in unconfirmed.text
    confirmed = await submit(manager, f"{CLEANING}/purges", **form, confirmed="yes")
    await work(database)
    report = await manager.get(confirmed.headers["location"])
    assert '已清理 <span class="figure" id="erased">1</span> 位' in report.text
    assert "大十字营业厅" in report.text


async def test_what_is_no_list_comes_back_with_the_reason(manager: httpx.AsyncClient) -> None:
    answers = [await upload(manager, b""), await upload(manager, "姓名\n李锐".encode())]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert "没有找到离网名单的表头" in answers[1].text


async def test_a_month_that_is_none_comes_back(manager: httpx.AsyncClient) -> None:
    for month in ("", "2026-13", clock.next_month(clock.month_of(clock.now()))):
        answer = await submit(manager, f"{CLEANING}/purges", month=month)
        assert answer.status_code == 422
        assert "请选择已经开始的月份" in answer.text


async def test_a_cleaning_can_be_stopped(manager: httpx.AsyncClient, database: Database) -> None:
    started = await submit(manager, f"{CLEANING}/purges", month=clock.month_of(clock.now()))
    stopped = await submit(manager, f"{started.headers['location']}/cancellation")
    assert stopped.status_code == 303
    assert "已取消" in (await manager.get(stopped.headers["location"])).text
    assert (await manager.get(f"{started.headers['location']}/cancellation")).status_code == 303


async def test_clerks_have_no_such_page(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await sign_in(guest)
    answer = await guest.get(CLEANING, headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "离网清理" not in (await guest.get("/customer/workbench", headers={"accept": "text/html"})).text


async def test_the_rehearsal_of_the_first_of_the_month_is_shown_until_it_is_followed_up(
    guest: httpx.AsyncClient, runtime: Runtime, caller: Caller, database: Database
) -> None:
    pos = caller("pos", hall="ZZ01", county="zizhong")
    customer = (await register(pos, occurred_at="2026-01-05T10:00:00+08:00")).json()["id"]
    before = clock.month_bounds(clock.month_of(clock.now()))[0] - timedelta(days=2)
    headers = {"Idempotency-Key": "left"}
    body = {"left_at": before.isoformat()}
    await pos.post(f"/customer/v1/customers/{customer}/left-network", json=body, headers=headers)
    async with database.transaction() as session:
        assert await usecases.prepare_cleaning(session, now=clock.now()) is not None
    await work(database)
    await a_user(runtime, "office", role="regional_office", hall=None, staff_no=None)
    await sign_in(guest, "office")
    guest.headers.update({"accept": "text/html"})
    page = await guest.get(CLEANING)
    assert "预演已经备好" in page.text
    path = re.findall(r"/customer/cleaning/purges/[0-9a-f-]{36}", page.text)[0]
    form = {"month": clock.previous_month(clock.month_of(clock.now())), "rehearsal": path.rpartition("/")[2]}
    await submit(guest, f"{CLEANING}/purges", **form, confirmed="yes")
    await work(database)
    assert "预演已经备好" not in (await guest.get(CLEANING)).text
    async with database.transaction() as session:
        assert await usecases.prepare_cleaning(session, now=clock.now()) is None
