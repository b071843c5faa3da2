"""The board and its explanations as pages: for every role, without scripts, saying what to do when empty."""

import re

import httpx
import pytest
from fastapi import FastAPI

from services.kpi.scoring.models import Score
from services.kpi.scoring.usecases.show_board import LINES_AT_ONCE, unfolded
from shared import ids
from shared.keyring import KeyRing
from shared.security import csrf, tokens
from shared.security.authentication import SESSION_COOKIE
from tests.kpi.conftest import BASE, Caller
from tests.kpi.house import MONTH, Tell, a_month, registered, score, the_house

BOARD = f"/kpi/board?period={MONTH}"


@pytest.fixture
async def signed_in(app: FastAPI, keyring: KeyRing) -> httpx.AsyncClient:
    """The office in a browser: a session cookie instead of a token."""
    session = tokens.issue(
        keyring, subject="office", role="regional_office", issuer=BASE, lifetime=600, use="session"
    )
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=BASE,
        cookies={SESSION_COOKIE: session},
        headers={"accept": "text/html"},
    )


async def test_an_empty_board_says_what_to_do(caller: Caller) -> None:
    page = await caller("regional_office").get(BOARD)
    assert page.status_code == 200
    assert "还没有计算过成绩" in page.text
    assert "立即计算" in page.text
    assert "请市场部" in (await caller("hall_manager", hall="ZZ01", county="zizhong").get(BOARD)).text


async def test_the_board_shows_counties_halls_and_clerks_with_their_figures(
    tell: Tell, caller: Caller
) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    run = await score(office)
    page = (await office.get(BOARD)).text
    for text in (
        "全区",
        "资中县",
        "威远县",
        "员工ZZ0101",
        "未结账",
        "2026年10月",
        run["id"],
        "考核方案",
        "数据截至",
        "投诉办结及时率",
        "<svg",
    ):
        assert text in page
    order = re.findall(r'data-level="(\w+)" data-subject="(\w+)"', page)
    assert order[:5] == [
        ("region", "region"),
        ("county", "weiyuan"),
        ("hall", "WY01"),
        ("clerk", "WY0101"),
        ("clerk", "WY0102"),
    ]
    assert "—" in page
    assert not re.search(r"1[3-9]\d{9}", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}", "", page))


async def test_every_figure_leads_to_its_explanation(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    found = re.findall(r'href="(?:/kpi/)?(scores/[^"]+)"', (await office.get(BOARD)).text)
    links = {f"/kpi/{link}" for link in found}
    assert len(links) == 11 * 23
    for link in sorted(links)[:30]:
        page = await office.get(link)
        assert page.status_code == 200, link
    figure = next(link for link in links if link.endswith("/resolved_on_time"))
    explained = (await office.get(figure)).text
    for text in ("定义", "公式", "计入的事实", "看过但未计入的事实", "complaint.resolved", "工单办结"):
        assert text in explained


async def test_a_place_opened_shows_what_lies_in_it_and_the_way_back(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    await score(office)
    county = (await office.get(f"{BOARD}&place=zizhong")).text
    assert re.findall(r'data-subject="(\w+)"', county) == [
        "zizhong", "ZZ01", "ZZ0101", "ZZ0102", "ZZ02", "ZZ0201",
    ]  # fmt: skip
    assert f'<a href="{BOARD}">全区</a>' in county
    hall = (await office.get(f"{BOARD}&place=ZZ01")).text
    assert re.findall(r'data-subject="(\w+)"', hall) == ["ZZ01", "ZZ0101", "ZZ0102"]
    assert f'<a href="{BOARD}&amp;place=zizhong">资中县</a>' in hall
    stranger = caller("hall_manager", hall="WY01", county="weiyuan")
    for place in ("ZZ01", "zizhong", "nowhere"):
        assert (await stranger.get(f"{BOARD}&place={place}")).status_code == 404


async def test_a_board_too_long_for_a_page_folds_its_lowest_levels() -> None:
    def a_score(level: str, number: int) -> Score:
        return Score(
            id=ids.uuid7(), run_id=ids.uuid7(), period=MONTH, level=level, subject=f"{level}{number}",
            county="c", hall="h", peers=1, sample=1, scheme_id=ids.uuid7(), scheme_version=1,
        )  # fmt: skip

    region, halls = [a_score("region", 0)], [a_score("hall", n) for n in range(LINES_AT_ONCE - 1)]
    clerks = [a_score("clerk", n) for n in range(3)]
    assert unfolded([*region, *halls, *clerks]) == [*region, *halls]
    assert unfolded([*region, *halls[1:], clerks[0]]) == [*region, *halls[1:], clerks[0]]
    assert unfolded([*clerks] * 20) == [*clerks] * 20


async def test_each_role_sees_its_own_part_of_the_board(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    await score(caller("regional_office"))
    seen = {
        "county": caller("county_manager", county="zizhong"),
        "hall": caller("hall_manager", hall="ZZ01", county="zizhong"),
        "clerk": caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101"),
    }
    found = {name: re.findall(r'data-subject="(\w+)"', (await c.get(BOARD)).text) for name, c in seen.items()}
    assert found == {
        "county": ["zizhong", "ZZ01", "ZZ0101", "ZZ0102", "ZZ02", "ZZ0201"],
        "hall": ["ZZ01", "ZZ0101", "ZZ0102"],
        "clerk": ["ZZ0101"],
    }


async def test_the_button_computes_and_comes_back(tell: Tell, signed_in: httpx.AsyncClient) -> None:
    await tell(*the_house(), *a_month())
    form = {"period": MONTH, csrf.FIELD: csrf.token_for(signed_in.cookies[SESSION_COOKIE])}
    answer = await signed_in.post("/kpi/board/runs", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, BOARD)
    assert "计算完成" in (await signed_in.get(BOARD)).text
    assert (await signed_in.post("/kpi/board/runs", data={"period": MONTH})).status_code == 403
    await signed_in.aclose()


async def test_a_change_since_the_last_period_is_shown(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *(registered("ZZ0101", month=9) for _ in range(2)), *a_month())
    office = caller("regional_office")
    await score(office, "2026-09")
    await score(office)
    page = (await office.get(BOARD)).text
    assert "▲" in page or "▼" in page
    assert page.count("<circle") == 2


async def test_whoever_is_not_signed_in_is_led_to_the_door(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url=BASE, headers={"accept": "text/html"}
    ) as guest:
        answer = await guest.get(BOARD)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/customer/signin?next=")


async def test_a_period_that_is_none_is_refused_in_words(caller: Caller) -> None:
    page = await caller("regional_office").get("/kpi/board?period=2026-99", headers={"accept": "text/html"})
    assert page.status_code == 422
    assert "考核期应为月份" in page.text
