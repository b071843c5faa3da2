"""Pages: signed in by cookie, every form proves it is ours, problems are readable, nothing is left unescaped."""

import re

import httpx
import pytest
from fastapi import FastAPI

from shared.runtime import Runtime
from shared.security import roles
from shared.security.tenancy import Caller
from shared.web import navigation
from shared.web.pages import STATIC, safe_next
from tests.shared.web.house import a_client, a_token


def csrf_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)
    assert found
    return found[1]


async def test_a_page_shows_who_is_signed_in_and_escapes_what_it_shows(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/customer/desk")
    assert page.status_code == 200
    assert "张强" in page.text
    assert "客户经理" in page.text
    assert "&lt;b&gt;李锐" in page.text
    assert 'href="/customer/workbench"' in page.text
    assert 'lang="zh-CN"' in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_form_parts_tie_labels_hints_and_errors_to_their_fields(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/customer/desk")).text
    assert '<label for="f-word">' in page
    assert 'aria-describedby="d-word"' in page
    assert '<option value="2" selected>动感地带</option>' in page
    assert re.search(r'value="4" checked', page)
    assert 'aria-invalid="true"' in page
    assert "✕ 太长" in page


async def test_who_is_not_signed_in_goes_to_sign_in_and_comes_back(app: FastAPI) -> None:
    async with a_client(app, accept="text/html") as visitor:
        answer = await visitor.get("/customer/desk?q=1")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/customer/signin?next=%2Fcustomer%2Fdesk%3Fq%3D1"
        part = await visitor.get("/customer/desk", headers={"hx-request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (204, "/customer/signin")


async def test_an_expired_or_forged_session_is_no_session(app: FastAPI, runtime: Runtime) -> None:
    async with a_client(app, accept="text/html") as visitor:
        for cookie in (
            a_token(runtime, "clerk", use="session", lifetime=-999),
            a_token(runtime, "clerk"),
            "x",
        ):
            visitor.cookies.set("hall_session", cookie)
            assert (await visitor.get("/customer/desk")).status_code == 303


async def test_a_session_is_good_for_pages_and_the_api_but_not_as_bearer(
    browser: httpx.AsyncClient, app: FastAPI
) -> None:
    assert (await browser.get("/customer/v1/things")).status_code == 200
    async with a_client(app, authorization=f"Bearer {browser.cookies['hall_session']}") as thief:
        assert (await thief.get("/customer/v1/things")).status_code == 401


async def test_a_form_without_its_proof_changes_nothing(browser: httpx.AsyncClient) -> None:
    page = await browser.post("/customer/desk", data={"word": "a"})
    assert page.status_code == 403
    assert "页面已过期" in page.text
    api = await browser.post(
        "/customer/v1/things", json={"id": 1, "word": "a"}, headers={"idempotency-key": "k"}
    )
    assert (api.status_code, api.json()["code"]) == (403, "csrf-rejected")


async def test_a_form_with_its_proof_acts_and_says_so_once(browser: httpx.AsyncClient) -> None:
    token = csrf_in(await browser.get("/customer/desk"))
    answer = await browser.post("/customer/desk", data={"word": "<i>", "csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/customer/desk")
    assert "已登记 &lt;i&gt;" in (await browser.get("/customer/desk")).text
    assert "已登记" not in (await browser.get("/customer/desk")).text


async def test_htmx_sends_the_proof_in_a_header_and_is_sent_on_by_one(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/customer/desk")
    token = csrf_in(page)
    assert f'"X-CSRF-Token": "{token}"' in page.text
    answer = await browser.post(
        "/customer/desk", data={"word": "a"}, headers={"x-csrf-token": token, "hx-request": "true"}
    )
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/customer/desk")


async def test_another_sessions_proof_is_no_proof(browser: httpx.AsyncClient, runtime: Runtime) -> None:
    token = csrf_in(await browser.get("/customer/desk"))
    browser.cookies.set("hall_session", a_token(runtime, "clerk", use="session", subject="another"))
    assert (await browser.post("/customer/desk", data={"word": "a", "csrf_token": token})).status_code == 403


async def test_the_sign_in_form_is_proven_before_anybody_is_signed_in(app: FastAPI) -> None:
    async with a_client(app, accept="text/html") as visitor:
        refused = await visitor.post("/customer/signin", data={})
        assert refused.status_code == 403
        assert "HttpOnly" in refused.headers["set-cookie"]
        page = await visitor.get("/customer/signin")
        answer = await visitor.post("/customer/signin?next=/kpi/board", data={"csrf_token": csrf_in(page)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/kpi/board")


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("/kpi/board?x=1", "/kpi/board?x=1"),
        ("https://evil.test/", "/"),
        ("//evil.test/", "/"),
        ("/\\evil.test", "/"),
        ("/a\nb", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_next_never_leaves_the_house(url: str | None, goes: str) -> None:
    assert safe_next(url, "/") == goes


async def test_problems_are_pages_for_people_and_parts_for_htmx(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/customer/nowhere")
    assert page.status_code == 404
    assert "<h1>未找到</h1>" in page.text
    assert page.headers["x-request-id"] in page.text
    part = await browser.get("/customer/nowhere", headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert 'role="alert"' in part.text
    assert (await browser.get("/customer/v1/nowhere")).headers["content-type"] == "application/problem+json"


async def test_static_files_may_be_kept_for_ever_and_a_page_stays_small(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/customer/desk")
    links = re.findall(r'(?:src|href)="(/customer/static/[^"]+)"', page.text)
    answers = [await browser.get(link) for link in links]
    assert len(links) == 3
    assert {a.status_code for a in answers} == {200}
    assert all("immutable" in a.headers["cache-control"] for a in answers)
    assert len(page.content) + sum(len(a.content) for a in answers) < 100_000
    assert (await browser.get("/customer/static/../pages.py")).status_code == 404


def test_what_is_vendored_comes_with_its_licence() -> None:
    scripts = {p.name.partition("-")[0] for p in (STATIC / "vendor").glob("*.js")}
    assert scripts == {"htmx"}
    assert (STATIC / "vendor" / "htmx.LICENSE").read_text().strip()


async def test_head_is_answered_as_get_without_the_body(browser: httpx.AsyncClient) -> None:
    asked, got = await browser.head("/customer/desk"), await browser.get("/customer/desk")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"]
    assert (await browser.head("/customer/nowhere")).status_code == 404


async def test_a_problem_of_a_part_is_shown_in_the_notice_of_the_page(browser: httpx.AsyncClient) -> None:
    part = await browser.get("/customer/nowhere", headers={"hx-request": "true"})
    assert part.headers["hx-retarget"] == "#notice"
    assert "hx-retarget" not in (await browser.get("/customer/nowhere")).headers


@pytest.mark.parametrize("role", roles.ROLES)
def test_no_two_entries_of_a_menu_share_a_key(role: str) -> None:
    caller = Caller("somebody", role, None, None, frozenset())
    keys = [place.key for place in navigation.places_for(caller)]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {"0", "s"}, "signing out and the search have theirs"
