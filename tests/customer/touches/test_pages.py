"""The day's strip, the list with its one form and the card's panel, as a browser without scripts meets them."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared import clock
from shared.database import Database
from shared.events.customer import FollowUpCompleted, TouchLogged
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.customers import PROFILE
from tests.customer.touches.conftest import Contacted, open_of

pytestmark = pytest.mark.usefixtures("organisation")
LIST = "/customer/follow-ups"


@pytest.fixture
async def clerk(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """张强 of ZZ01, signed in."""
    await a_user(runtime)
    await sign_in(guest, "zz0101")
    guest.headers.update({"accept": "text/html"})
    guest.follow_redirects = True
    return guest


async def submit(browser: httpx.AsyncClient, path: str, form: dict[str, Any], seen: str) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, seen)})


@pytest.mark.both_databases
async def test_the_strip_tells_what_is_to_be_done_today(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    for gap in (10, 85, 90, 91, 130, 131):
        await contacted(gap, now=clock.now())
    strip = await clerk.get(f"{LIST}/today", headers={"hx-request": "true"})
    text = "".join(strip.text.split())
    for figure, label in (
        (2, "✕已逾期"),
        (1, "!已过目标日"),
        (1, "今天到期"),
        (1, "七天内到期"),
        (5, "60天未联系"),
    ):
        assert f'<spanclass="figure">{figure}</span>{label}' in text
    assert "<html" not in strip.text
    assert "<html" in (await clerk.get(f"{LIST}/today")).text
    assert f'hx-get="{LIST}/today"' in (await clerk.get("/customer/workbench")).text


async def test_a_day_without_anything_to_do_says_so(clerk: httpx.AsyncClient) -> None:
    assert "您今天没有要回访的客户" in (await clerk.get(f"{LIST}/today")).text
    assert "这里没有要回访的客户" in (await clerk.get(LIST)).text


@pytest.mark.both_databases
async def test_a_follow_up_is_done_from_the_list(
    clerk: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer = await contacted(130, now=clock.now(), profile=PROFILE)
    owed = await open_of(database, customer.id)
    page = await clerk.get(LIST)
    assert "已逾期 10 天" in page.text
    assert "138********" in page.text
    form = {"follow_up_id": str(owed.id), "touch_kind": "visit", "touch_note": "说资费合适", "view": "todo"}
    done = await submit(clerk, LIST, form, LIST)
    due = clock.business_date(clock.now()) + timedelta(days=90)
    assert f"已登记，下次回访 {due}。" in done.text
    (event,) = [e for e in await events_said(database) if isinstance(e, FollowUpCompleted)]
    assert (event.completed_by, event.on_time) == ("ZZ0101", False)
    again = await submit(clerk, LIST, form, f"{LIST}?view=week")
    assert again.status_code == 403 or "这次回访已经完成或结束" in again.text


async def test_a_list_sent_without_a_customer_comes_back_with_what_was_typed(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    await contacted(130, now=clock.now())
    answer = await submit(clerk, LIST, {"touch_kind": "call", "touch_note": "没选客户", "view": "todo"}, LIST)
    assert answer.status_code == 422
    assert "请先选择一位客户" in answer.text
    assert "没选客户" in answer.text


async def test_the_views_of_the_list_hold_what_they_say(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    for gap, name in ((85, "快到"), (95, "过了"), (130, "逾期"), (5, "不急")):
        await contacted(gap, now=clock.now(), profile=PROFILE.__class__(name, 2, 2, 1))
    expected = {
        "todo": {"过了", "逾期"},
        "overdue": {"逾期"},
        "week": {"快到"},
        "quiet": {"快到", "过了", "逾期"},
    }
    for view, names in expected.items():
        text = (await clerk.get(LIST, params={"view": view})).text
        assert {name for name in ("快到", "过了", "逾期", "不急") if f">{name}</label>" in text} == names, (
            view
        )
    assert (await clerk.get(LIST, params={"view": "todo", "cursor": "nonsense"})).status_code == 200


@pytest.mark.both_databases
async def test_the_card_shows_what_is_owed_and_logs_a_contact(
    clerk: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer = await contacted(95, "A", now=clock.now())
    card, panel = f"/customer/customers/{customer.id}", f"/customer/customers/{customer.id}/touches"
    assert f'hx-get="{panel}"' in (await clerk.get(card)).text
    shown = await clerk.get(panel)
    assert "已逾期 50 天" in shown.text
    assert "专属客户经理" in shown.text
    logged = await submit(clerk, panel, {"touch_kind": "counter", "touch_note": "来厅换卡"}, panel)
    assert "已登记接触。" in logged.text
    assert "来厅换卡" in (await clerk.get(panel)).text
    assert len([e for e in await events_said(database) if isinstance(e, TouchLogged)]) == 1
    wrong = await submit(clerk, panel, {"touch_kind": "fax"}, panel)
    assert wrong.status_code == 422
    assert "没有这种接触方式" in wrong.text


async def test_another_halls_card_and_list_show_nothing(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    theirs = await contacted(130, now=clock.now(), hall="ZZ02", clerk="ZZ0201")
    assert (await clerk.get(f"/customer/customers/{theirs.id}/touches")).status_code == 404
    assert str(theirs.id) not in (await clerk.get(LIST)).text
