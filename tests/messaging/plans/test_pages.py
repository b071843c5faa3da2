"""The plans' page: written by the hall, approved by the county, with what came of it."""

import pytest

from services.messaging.plans.models import Plan
from services.messaging.plans.usecases import carry_out
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

PAGE = "/messaging/plans"
MONTH = clock.next_month(clock.month_of(clock.now()))


@pytest.fixture(autouse=True)
async def hall(ears: Ears, phones: PhoneBook) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))


async def test_a_hall_writes_the_county_approves_and_the_page_shows_what_came_of_it(
    browser: Caller, shelf: Shelf, database: Database
) -> None:
    manager = browser("hall_manager", hall="ZZ01", county="zizhong")
    empty = (await manager.get(PAGE, params={"month": MONTH})).text
    assert "1 位同意接收的客户没有安排服务短信" in empty
    assert "节日问候与服务短信共用每月 2 条的上限" in empty
    saved = await manager.post(f"{PAGE}/content", data={"month": MONTH, "content": "降温，请添衣。"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{PAGE}?month={MONTH}")
    (plan,) = await shelf.rows(Plan)
    changed = await manager.post(f"{PAGE}/{plan.id}/words", data={"content": "大雾，请慢行。"})
    assert changed.status_code == 303
    county = browser("county_manager", county="zizhong")
    assert "大雾，请慢行。" in (await county.get(PAGE, params={"month": MONTH})).text
    assert (await county.post(f"{PAGE}/approvals", data={"month": MONTH})).status_code == 303
    async with database.transaction() as session:
        await carry_out.lay_out_next(session, now=clock.month_bounds(MONTH)[0])
    page = (await county.get(PAGE, params={"month": MONTH})).text
    assert "已审批" in page
    assert "服务短信已覆盖 0 / 1" in page
    assert (await manager.post(f"{PAGE}/{plan.id}/cancellation")).status_code == 303
    assert "已取消" in (await manager.get(PAGE, params={"month": MONTH})).text


async def test_what_is_wrong_comes_back_with_what_was_typed(browser: Caller) -> None:
    manager = browser("hall_manager", hall="ZZ01", county="zizhong")
    wrong = await manager.post(f"{PAGE}/content", data={"month": MONTH, "content": "请拨打13900001234"})
    assert (wrong.status_code, "请拨打13900001234" in wrong.text) == (422, True)
    assert "不能写手机号码" in wrong.text
    for content in (" ", "【别的厅】", "长" * 201):
        again = await manager.post(f"{PAGE}/content", data={"month": MONTH, "content": content})
        assert again.status_code == 422


async def test_a_clerk_sees_plans_and_no_forms(browser: Caller) -> None:
    clerk = browser("clerk", hall="ZZ01", county="zizhong")
    page = await clerk.get(PAGE)
    assert (page.status_code, "撰写本月服务短信" in page.text) == (200, False)
    assert (await clerk.post(f"{PAGE}/content", data={"month": MONTH, "content": "x"})).status_code == 403
