"""Sessions that end before their time: at once here, with the event elsewhere."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.complaints.worker import HANDLERS as COMPLAINTS
from services.customer.access import repository, usecases
from services.customer.access.models import User
from services.customer.access.usecases import ChangeUser, ResetPassword
from services.customer.directory.models import Clerk
from services.kpi.worker import HANDLERS as KPI
from shared import clock, ids
from shared.consumer import Delivery
from shared.database import Database
from shared.events.base import Envelope
from shared.events.customer import UserSessionsEnded
from shared.runtime import Runtime
from shared.security import revocation
from shared.testing.outboxes import events_said
from tests.customer.access.people import PASSWORD, a_user, csrf_of, hasher_of, sign_in

pytestmark = pytest.mark.usefixtures("organisation")
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
Act = Callable[[AsyncSession], Awaitable[Any]]


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    answer = await browser.get("/customer/workbench", headers={"accept": "text/html"})
    return answer.status_code == 200


async def do(database: Database, act: Act) -> None:
    async with database.transaction() as session:
        await act(session)


ENDINGS: dict[str, Act] = {
    "deactivated": lambda s: usecases.disable_user(s, "zz0101", now=NOW),
    "another password": lambda s: usecases.reset_password(s, ResetPassword("zz0101", "hash"), now=NOW),
    "another hall": lambda s: usecases.change_user(
        s, ChangeUser("zz0101", "clerk", "张强", hall="ZZ02", staff_no="ZZ0101"), now=NOW
    ),
}


@pytest.mark.both_databases
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
async def test_a_session_ends_at_once(guest: httpx.AsyncClient, runtime: Runtime, ending: Act) -> None:
    await a_user(runtime)
    await sign_in(guest)
    assert await is_signed_in(guest)
    await do(runtime.database, ending)
    assert not await is_signed_in(guest)
    (said,) = [e for e in await events_said(runtime.database) if isinstance(e, UserSessionsEnded)]
    assert (said.subject, said.version) == ("ZZ0101", 1)


async def test_who_signs_in_again_with_the_new_password_is_in(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime)
    await sign_in(guest)
    hashed = await hasher_of(runtime).hash("秋高气爽 2026")
    await do(
        runtime.database,
        lambda s: usecases.reset_password(s, ResetPassword("zz0101", hashed), now=clock.now()),
    )
    assert not await is_signed_in(guest)
    await sign_in(guest, password="秋高气爽 2026")
    assert await is_signed_in(guest)


async def test_one_persons_end_is_nobody_elses(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await sign_in(guest, "zz0100")
    await do(runtime.database, ENDINGS["deactivated"])
    assert await is_signed_in(guest)


async def test_a_change_that_changes_nothing_ends_nothing(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await sign_in(guest)
    same = ChangeUser("zz0101", "clerk", "张强", hall="ZZ01", staff_no="ZZ0101")
    await do(runtime.database, lambda s: usecases.change_user(s, same, now=NOW))
    assert await is_signed_in(guest)


@pytest.mark.both_databases
async def test_a_user_goes_where_the_clerk_goes_and_out_when_the_clerk_leaves(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime)
    database = runtime.database
    await do(database, lambda s: usecases.follow_directory(s, now=clock.now()))
    await sign_in(guest)
    assert await is_signed_in(guest)
    mine = sa.update(Clerk).where(col(Clerk.staff_no) == "ZZ0101")
    await do(database, lambda s: s.execute(mine.values(hall="WY01", county="weiyuan")))
    await do(database, lambda s: usecases.follow_directory(s, now=clock.now()))
    assert not await is_signed_in(guest)
    await sign_in(guest)
    caller = await runtime.verifier.verify(guest.cookies["hall_session"], "session")
    assert (caller.hall, caller.county) == ("WY01", "weiyuan")
    await do(database, lambda s: s.execute(mine.values(effective_to=date(2026, 1, 31))))
    await do(database, lambda s: usecases.follow_directory(s, now=clock.now()))
    assert not await is_signed_in(guest)
    assert (await sign_in(guest, password=PASSWORD)).status_code == 401


@pytest.mark.both_databases
async def test_the_other_services_take_the_newest_word_in_any_order(database: Database) -> None:
    for version in (2, 1, 2):
        event = UserSessionsEnded(subject="ZZ0101", version=version, occurred_at=NOW)
        envelope = Envelope(ids.uuid7(), "/customer", event.topic, NOW, event.key, version)
        async with database.transaction() as session:
            heard = [Delivery(event, envelope, NOW)]
            await revocation.end_sessions_on_user_sessions_ended(session, heard)
    async with database.reading() as session:
        assert await revocation.version_of(session, "ZZ0101") == 2
    assert all(UserSessionsEnded in handlers for handlers in (KPI, COMPLAINTS))


async def test_a_deactivated_user_can_be_let_in_again(guest: httpx.AsyncClient, runtime: Runtime) -> None:
    await a_user(runtime)
    await do(runtime.database, ENDINGS["deactivated"])
    assert (await sign_in(guest)).status_code == 401
    await do(runtime.database, lambda s: usecases.enable_user(s, "ZZ0101"))
    assert (await sign_in(guest)).status_code == 303
    async with runtime.database.reading() as session:
        user: User = await repository.get_user(session, "zz0101")
    assert user.disabled_at is None


async def test_ones_own_password_is_changed_and_only_the_other_sessions_end(
    guest: httpx.AsyncClient, app: FastAPI, runtime: Runtime
) -> None:
    await a_user(runtime)
    await sign_in(guest)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://hall.test"
    ) as elsewhere:
        await sign_in(elsewhere)
        changed = await _change(guest, PASSWORD, "秋高气爽 2026")
        assert (changed.status_code, changed.headers["location"]) == (303, "/customer/workbench")
        assert await is_signed_in(guest)
        assert not await is_signed_in(elsewhere)
        assert (await sign_in(elsewhere)).status_code == 401
        assert (await sign_in(elsewhere, password="秋高气爽 2026")).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("falsch", "秋高气爽 2026", None, "原密码不正确"),
        (PASSWORD, "kurz", None, "密码应为 8 至 128 个字符"),
        (PASSWORD, "zz0101", None, "密码应为 8 至 128 个字符"),
        (PASSWORD, "秋高气爽 2026", "秋高气爽 2027", "不一致"),
    ],
)
async def test_a_password_is_not_changed_by_a_guess_to_a_weak_one_or_by_a_slip(
    guest: httpx.AsyncClient, runtime: Runtime, old: str, new: str, again: str | None, said: str
) -> None:
    await a_user(runtime)
    await sign_in(guest)
    refused = await _change(guest, old, new, again)
    assert (refused.status_code, said in refused.text) == (422, True)
    assert await is_signed_in(guest)


async def test_guessing_the_old_password_locks_like_guessing_at_the_door(
    guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime)
    await sign_in(guest)
    answers = [await _change(guest, "falsch", "秋高气爽 2026") for _ in range(6)]
    assert "尝试次数过多" in answers[-1].text


async def _change(browser: httpx.AsyncClient, old: str, new: str, again: str | None = None) -> httpx.Response:
    token = await csrf_of(browser, "/customer/password")
    form = {"csrf_token": token, "old": old, "new": new, "again": new if again is None else again}
    return await browser.post("/customer/password", data=form)
