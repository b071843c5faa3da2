"""The hall manager's page: who waits longest, each clerk's standing, and the form that hands customers over."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared import clock
from shared.database import Database
from shared.runtime import Runtime
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.handovers.test_routes import colleague
from tests.customer.touches.conftest import Contacted, contacted, open_of

__all__ = ["colleague", "contacted"]
pytestmark = pytest.mark.usefixtures("organisation")
HALL = "/customer/halls/ZZ01"


@pytest.fixture
async def manager(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """王敏, the manager of ZZ01, signed in."""
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await sign_in(guest, "zz0100")
    guest.headers.update({"accept": "text/html"})
    guest.follow_redirects = True
    return guest


async def submit(browser: httpx.AsyncClient, path: str, form: dict[str, Any], seen: str) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, seen)})


@pytest.mark.both_databases
async def test_the_manager_sees_who_waits_longest_and_how_each_clerk_stands(
    manager: httpx.AsyncClient, contacted: Contacted
) -> None:
    for gap in (130, 95, 10):
        await contacted(gap, now=clock.now())
    page = await manager.get("/customer/halls")
    assert str(page.url).endswith(HALL)
    assert page.text.index("已逾期 10 天") < page.text.index("! 已过目标日")
    assert "张强" in page.text
    row = "".join(page.text.split())
    assert (
        '<tdclass="number">3</td><tdclass="number">0</td><tdclass="number">1</td><tdclass="number">1</td>'
        in row
    )


@pytest.mark.both_databases
async def test_the_form_hands_a_clerks_customers_over(
    manager: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer = await contacted(95, now=clock.now())
    today = clock.business_date(clock.now())
    form = {"from_clerk": "ZZ0101", "to_clerk": "ZZ0102", "reason": "left", "effective_from": str(today)}
    done = await submit(manager, f"{HALL}/handovers", form, HALL)
    assert "已移交 1 位客户和 1 次回访。" in done.text
    assert (await open_of(database, customer.id)).clerk == "ZZ0102"
    later = str(today + timedelta(days=5))
    back = {**form, "from_clerk": "ZZ0102", "to_clerk": "ZZ0101", "effective_from": later}
    planned = await submit(manager, f"{HALL}/handovers", back, HALL)
    assert f"已安排，{later} 生效。" in planned.text
    assert "已安排的移交" in planned.text


async def test_a_hand_over_that_cannot_be_comes_back_with_what_was_chosen(
    manager: httpx.AsyncClient, contacted: Contacted
) -> None:
    await contacted(95, now=clock.now())
    form = {"from_clerk": "ZZ0101", "to_clerk": "ZZ0101", "reason": "leave", "effective_from": ""}
    answer = await submit(manager, f"{HALL}/handovers", form, HALL)
    assert answer.status_code == 422
    assert "请填写另一位在岗的客户经理的工号" in answer.text
    past = {**form, "to_clerk": "ZZ0102", "effective_from": "2026-01-01"}
    assert "移交的生效日期不能早于今天" in (await submit(manager, f"{HALL}/handovers", past, HALL)).text


async def test_another_halls_page_is_not_there(manager: httpx.AsyncClient) -> None:
    assert (await manager.get("/customer/halls/ZZ02")).status_code == 404
    refused = await submit(manager, "/customer/halls/ZZ02/handovers", {"to_clerk": "ZZ0102"}, HALL)
    assert refused.status_code in {404, 422}


async def test_above_the_halls_all_of_them_are_listed_the_most_overdue_first(
    guest: httpx.AsyncClient, runtime: Runtime, contacted: Contacted
) -> None:
    await a_user(runtime, "zz0001", role="county_manager", hall=None, county="zizhong", staff_no="ZZ0001")
    await sign_in(guest, "zz0001")
    guest.headers.update({"accept": "text/html"})
    await contacted(130, now=clock.now(), hall="ZZ02", clerk="ZZ0201")
    page = await guest.get("/customer/halls")
    assert page.text.index("资中城南营业厅") < page.text.index("资中大十字营业厅")
    assert "威远中心营业厅" not in page.text
