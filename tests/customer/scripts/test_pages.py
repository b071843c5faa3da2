"""The library's pages as a manager's browser meets them, without scripts."""

from typing import Any

import httpx
import pytest

from shared.runtime import Runtime
from tests.customer.access.people import a_user, csrf_of, sign_in

pytestmark = pytest.mark.usefixtures("organisation")
LIBRARY = "/customer/scripts/library"


@pytest.fixture
async def manager(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    """王敏 of ZZ01, signed in."""
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await sign_in(guest, "zz0100")
    guest.headers.update({"accept": "text/html"})
    return guest


async def submit(browser: httpx.AsyncClient, path: str, form: dict[str, Any]) -> httpx.Response:
    return await browser.post(path, data={**form, "csrf_token": await csrf_of(browser, LIBRARY)})


def a_form(**changes: str) -> dict[str, str]:
    usual = {
        "audience": "all",
        "moment": "closing",
        "category": "送别",
        "title": "雨天送别",
        "text": "带好伞，请慢走。",
    }
    return {**usual, "valid_from": "", "valid_to": "", **changes}


async def test_a_new_script_is_a_draft_that_its_author_cannot_approve(manager: httpx.AsyncClient) -> None:
    written = await submit(manager, LIBRARY, a_form())
    assert written.status_code == 303
    shown = await manager.get(written.headers["location"])
    assert "等作者以外的人审批" in shown.text
    assert "审批通过" not in shown.text
    listed = await manager.get(LIBRARY, params={"q": "雨天", "state": "draft"})
    assert "雨天送别" in listed.text


async def test_a_wrong_form_comes_back_with_what_was_typed(manager: httpx.AsyncClient) -> None:
    wrong = await submit(manager, LIBRARY, a_form(title="", text="打{tel}"))
    assert wrong.status_code == 422
    assert "请填写" in wrong.text
    assert "打{tel}" in wrong.text


async def test_the_statistics_page_lists_what_nobody_used(manager: httpx.AsyncClient) -> None:
    for query in ({}, {"by": "clerk", "month": "2026-11"}, {"month": "gestern"}):
        answer = await manager.get("/customer/scripts/stats", params=query)
        assert answer.status_code == 200
    assert "进厅问候" in (await manager.get("/customer/scripts/stats")).text


async def test_opening_again_where_a_form_was_sent_leads_back(manager: httpx.AsyncClient) -> None:
    written = (await submit(manager, LIBRARY, a_form())).headers["location"]
    for path in ("approval", "retirement"):
        answer = await manager.get(f"{written}/{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, written)
