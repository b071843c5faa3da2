"""Signing in and out as a browser does it."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from services.customer.access import repository, usecases
from services.customer.access.rules import USER_POLICY
from shared import clock
from shared.runtime import Runtime
from tests.customer.access.people import PASSWORD, a_user, csrf_of, sign_in

pytestmark = pytest.mark.usefixtures("organisation")


async def test_a_clerk_signs_in_sees_the_workbench_first_and_signs_out(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime)
    answer = await sign_in(guest)
    assert (answer.status_code, answer.headers["location"]) == (303, "/customer/workbench")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    caller = await runtime.verifier.verify(guest.cookies["hall_session"], "session")
    assert (caller.subject, caller.display, caller.hall) == ("ZZ0101", "张强", "ZZ01")
    assert (await guest.get("/")).headers["location"] == "/customer/workbench"
    assert (await guest.get("/customer/signin")).headers["location"] == "/customer/workbench"
    refused = await guest.post("/customer/signout", headers={"accept": "text/html"})
    assert refused.status_code == 403


async def test_signing_out_needs_the_form_of_our_own_page(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    from shared.security import csrf

    await a_user(runtime)
    await sign_in(guest)
    token = csrf.token_for(guest.cookies["hall_session"])
    answer = await guest.post("/customer/signout", data={"csrf_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/customer/signin")
    assert "hall_session" not in guest.cookies
    page = await guest.get("/customer/signin")
    assert "已退出" in page.text


async def test_who_is_not_signed_in_is_led_to_the_sign_in_page(guest: httpx.AsyncClient) -> None:
    answer = await guest.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/customer/signin")


@pytest.mark.parametrize(
    ("role", "place", "home"),
    [
        ("hall_manager", {"hall": "ZZ01"}, "/customer/halls"),
        ("county_manager", {"county": "zizhong", "hall": None}, "/kpi/board"),
        ("admin", {"hall": None}, "/customer/admin"),
    ],
)
async def test_everybody_is_led_to_the_place_of_their_role(
    guest: httpx.AsyncClient, runtime: Runtime, role: str, place: dict[str, str | None], home: str
) -> None:
    await a_user(runtime, "someone", role=role, staff_no=None, **place)
    assert (await sign_in(guest, "someone")).headers["location"] == home
    assert (await guest.get("/")).headers["location"] == home


@pytest.mark.parametrize(
    ("onward", "location"),
    [
        ("/kpi/board?period=2026-11", "/kpi/board?period=2026-11"),
        ("//evil.example/", "/customer/workbench"),
        ("https://evil.example", "/customer/workbench"),
    ],
)
async def test_sign_in_leads_on_inside_the_house_only(
    guest: httpx.AsyncClient, runtime: Runtime, onward: str, location: str
) -> None:
    await a_user(runtime)
    assert (await sign_in(guest, next=onward)).headers["location"] == location


async def test_a_form_from_elsewhere_is_refused(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await csrf_of(guest)
    answer = await guest.post(
        "/customer/signin", data={"username": "zz0101", "password": PASSWORD, "csrf_token": "0" * 64}
    )
    assert answer.status_code == 403
    assert "hall_session" not in guest.cookies


async def test_unknown_name_wrong_password_and_disabled_account_look_the_same(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime)
    await a_user(runtime, "gone")
    async with runtime.database.transaction() as session:
        await usecases.disable_user(session, "gone", now=clock.now())
    answers = [
        await sign_in(guest, name, password)
        for name, password in (("zz0101", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD))
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    texts = {
        answer.text.replace(name, "NAME")
        for answer, name in zip(answers, ("zz0101", "nobody", "gone"), strict=True)
    }
    assert len(texts) == 1
    assert "用户名或密码不正确" in texts.pop()
    assert "hall_session" not in guest.cookies


async def test_fifty_parallel_guesses_get_five_tries_and_then_even_the_right_password_waits(
    app: FastAPI, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_user(runtime)
    now = datetime.now(UTC)
    monkeypatch.setattr(clock, "now", lambda: now)

    async def guess(number: int) -> int:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://hall.test"
        ) as browser:
            return (await sign_in(browser, password=f"guess {number}")).status_code

    answers = await asyncio.gather(*(guess(number) for number in range(50)))
    assert sorted(set(answers)) == [401, 429]
    assert answers.count(401) == USER_POLICY.free
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hall.test") as browser:
        locked = await sign_in(browser)
        assert (locked.status_code, locked.headers["retry-after"]) == (429, "30")
        assert "尝试次数过多" in locked.text
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=30))
        assert (await sign_in(browser)).status_code == 303
    async with runtime.database.reading() as session:
        door = await repository.failures_or_none(session, usecases.user_door("zz0101"))
    assert door is not None
    assert (door.failures, door.pending, door.locked_until) == (0, 0, None)


async def test_one_name_locked_out_leaves_the_others_alone(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime)
    await a_user(runtime, "zz0201", hall="ZZ02", staff_no="ZZ0201")
    answers = [await sign_in(guest, password="wrong") for _ in range(USER_POLICY.free + 1)]
    assert answers[-1].status_code == 429
    assert (await sign_in(guest, "zz0201")).status_code == 303


async def test_behind_our_nginx_the_address_is_the_one_nginx_noted(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    guest.headers["x-forwarded-for"] = "203.0.113.7, 10.1.2.3"
    await sign_in(guest, "nobody")
    noted = usecases.Attempt("nobody", "10.1.2.3").doors[0][0]
    async with runtime.database.reading() as session:
        door = await repository.failures_or_none(session, noted)
    assert door is not None
    assert door.failures == 1
