"""The administrator's pages without scripts: organisation, users, programs; what is shown once and what never."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from services.customer.access import repository
from services.customer.directory import repository as directory
from shared import clock
from shared.database import Database
from shared.events.customer import ClerkChanged, HallChanged
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import a_client, a_user, csrf_of, sign_in

pytestmark = pytest.mark.usefixtures("organisation")
ADMIN = "/customer/admin"
Submit = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def admin(guest: httpx.AsyncClient, runtime: Runtime) -> httpx.AsyncClient:
    await a_user(runtime, "root", role="admin", hall=None, staff_no=None)
    await sign_in(guest, "root")
    guest.headers.update({"accept": "text/html"})
    return guest


@pytest.fixture
def submit(admin: httpx.AsyncClient) -> Submit:
    async def post(path: str, **form: str) -> httpx.Response:
        token = await csrf_of(admin, f"{ADMIN}/counties")
        return await admin.post(f"{ADMIN}{path}", data={**form, "csrf_token": token})

    return post


def shown_secret(answer: httpx.Response) -> str:
    found = re.search(r'<code id="secret">([\w-]+)</code>', answer.text)
    assert found is not None
    return found[1]


async def test_every_page_opens_and_leads_on(admin: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_client(runtime)
    pages = (
        "", "/counties", "/halls", "/halls?county=zizhong", "/halls/ZZ01", "/clerks", "/clerks?hall=ZZ01",
        "/clerks/ZZ0101", "/users", "/users/root", "/clients", "/clients/pos-zz01",
    )  # fmt: skip
    for page in pages:
        answer = await admin.get(f"{ADMIN}{page}")
        assert answer.status_code == 200, page
        assert "hash" not in answer.text
    for back in (
        "/counties/zizhong",
        "/users/root/password",
        "/users/root/state",
        "/clients/pos-zz01/secrets",
    ):
        assert (await admin.get(f"{ADMIN}{back}")).status_code == 303


async def test_a_user_made_for_a_member_of_staff_takes_role_and_place_from_the_directory(
    submit: Submit, admin: httpx.AsyncClient, app: Any
) -> None:
    made = await submit("/users", username="zz0100", staff_no="ZZ0100")
    assert made.status_code == 201
    password = shown_secret(made)
    assert "王敏" in made.text
    assert password not in (await admin.get(f"{ADMIN}/users/zz0100")).text
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hall.test") as browser:
        assert (await sign_in(browser, "zz0100", password)).headers["location"] == "/customer/halls"


async def test_a_new_password_is_shown_once_and_ends_the_old_session(
    submit: Submit, guest: httpx.AsyncClient, app: Any, runtime: Runtime
) -> None:
    await a_user(runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hall.test") as clerk:
        clerk.headers.update({"accept": "text/html"})
        await sign_in(clerk)
        assert (await clerk.get("/customer/workbench")).status_code == 200
        password = shown_secret(await submit("/users/zz0101/password"))
        assert (await clerk.get("/customer/workbench")).status_code == 303
        assert (await sign_in(clerk)).status_code == 401
        assert (await sign_in(clerk, password=password)).status_code == 303
        await submit("/users/zz0101/state", state="closed")
        assert (await clerk.get("/customer/workbench")).status_code == 303
        await submit("/users/zz0101/state", state="open")
        assert (await sign_in(clerk, password=password)).status_code == 303


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"username": "x", "role": "admin"}, "格式不对"),
        ({"username": "root", "role": "admin"}, "已经存在"),
        ({"username": "neu", "role": "clerk"}, "营业厅（hall）"),
        ({"username": "neu", "role": "clerk", "hall": "XX99"}, "不存在"),
        ({"username": "neu", "staff_no": "XX9999"}, "没有找到这个营业员"),
        ({"username": "neu"}, "没有  这个角色"),
    ],
)
async def test_a_wrong_user_comes_back_with_what_was_typed(
    submit: Submit, form: dict[str, str], said: str
) -> None:
    answer = await submit("/users", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{form["username"]}"' in answer.text


async def test_a_program_gets_its_secret_once_another_beside_it_and_none_when_closed(
    submit: Submit, admin: httpx.AsyncClient
) -> None:
    made = await submit("/clients", client_id="pos-zz01", name="大十字 POS", role="pos", hall="ZZ01")
    first = shown_secret(made)
    second = shown_secret(await submit("/clients/pos-zz01/secrets"))
    assert first not in (await admin.get(f"{ADMIN}/clients/pos-zz01")).text
    for secret in (first, second):
        assert await _token(admin, secret) == 200
    again = await submit("/clients", client_id="pos-zz01", name="又一个", role="pos", hall="ZZ01")
    assert (again.status_code, "已经存在" in again.text) == (422, True)
    await submit("/clients/pos-zz01/state", state="closed")
    assert await _token(admin, second) == 401
    await submit("/clients/pos-zz01/state", state="open")
    assert await _token(admin, second) == 200


async def test_a_county_a_hall_and_a_clerk_are_made_moved_and_closed(
    submit: Submit, admin: httpx.AsyncClient, database: Database
) -> None:
    today = clock.business_date(clock.now()).isoformat()
    await submit("/counties", code="longchang", name="隆昌")
    hall = {
        "code": "LC01",
        "county": "longchang",
        "name": "隆昌厅",
        "registered_name": "中国移动隆昌厅",
        "number": "0832-5520001",
    }
    assert (await submit("/halls", **hall)).status_code == 303
    assert (
        await submit("/clerks", staff_no="LC0101", name="孙丽", role="clerk", hall="LC01")
    ).status_code == 303
    moved = await submit("/clerks/LC0101", version="1", role="clerk", hall="ZZ01", moved_on=today)
    assert moved.status_code == 303
    facts = {k: v for k, v in hall.items() if k not in {"code", "county"}}
    opened = {
        "sms_from": "08:00",
        "sms_until": "20:00",
        "busy_from_day": "25",
        "busy_to_day": "5",
        "effective_from": today,
    }
    wrong = await submit("/halls/LC01", version="1", **facts, **opened, opening_mon="18:00-09:00")
    assert (wrong.status_code, "结束应晚于开始" in wrong.text) == (422, True)
    closed = await submit(
        "/halls/LC01",
        version="1",
        **facts,
        **opened,
        opening_mon="09:00-12:00 14:00-18:00",
        effective_to=today,
    )
    assert closed.status_code == 303
    stale = await submit("/halls/LC01", version="1", **facts, **opened)
    assert (stale.status_code, "已有变化" in stale.text) == (422, True)
    async with database.reading() as session:
        kept = await directory.get_hall(session, "LC01")
        posts = await directory.posts_of(session, "LC0101")
    assert kept.opening["mon"] == [["09:00", "12:00"], ["14:00", "18:00"]]
    assert kept.effective_to is not None
    assert [post.hall for post in posts] == ["ZZ01"], "moved on the first day, so nothing lies behind"
    said = await events_said(database)
    assert [e.version for e in said if isinstance(e, HallChanged) and e.code == "LC01"] == [1, 2]
    assert [e.hall for e in said if isinstance(e, ClerkChanged) and e.staff_no == "LC0101"] == [
        "LC01",
        "ZZ01",
    ]


async def test_a_hall_with_staff_is_not_closed_and_the_page_says_who(submit: Submit) -> None:
    today = clock.business_date(clock.now()).isoformat()
    form = {
        "name": "威远中心营业厅", "registered_name": "中国移动威远中心营业厅", "number": "0832-5520000",
        "sms_from": "08:00", "sms_until": "21:00", "busy_from_day": "25", "busy_to_day": "5",
        "effective_from": "2026-01-01", "effective_to": today,
    }  # fmt: skip
    refused = await submit("/halls/WY01", version="1", **form)
    assert (refused.status_code, "WY0101" in refused.text) == (422, True)


async def test_a_county_manager_keeps_the_county_and_no_accounts(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime, "zz0001", role="county_manager", hall=None, county="zizhong", staff_no="ZZ0001")
    await sign_in(guest, "zz0001")
    guest.headers.update({"accept": "text/html"})
    assert "用户" not in (await guest.get(ADMIN)).text
    for page, status in (
        ("/halls/ZZ01", 200),
        ("/halls/WY01", 404),
        ("/clerks/WY0101", 404),
        ("/users", 403),
        ("/clients", 403),
    ):
        assert (await guest.get(f"{ADMIN}{page}")).status_code == status, page


async def test_a_clerk_is_refused(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await sign_in(guest)
    assert (await guest.get(ADMIN, headers={"accept": "text/html"})).status_code == 403


async def test_only_the_hash_of_a_password_is_kept(submit: Submit, database: Database) -> None:
    password = shown_secret(
        await submit("/users", username="office", role="regional_office", display="市场部")
    )
    async with database.reading() as session:
        user = await repository.get_user(session, "office")
    assert password not in user.password_hash
    assert user.password_hash.startswith("$argon2id$")


async def _token(client: httpx.AsyncClient, secret: str) -> int:
    form = {"grant_type": "client_credentials", "client_id": "pos-zz01", "client_secret": secret}
    return (await client.post("/customer/v1/oauth/token", data=form)).status_code
