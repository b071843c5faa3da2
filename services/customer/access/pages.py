"""Signing in and out on pages, and the front page that leads everybody to their own place."""

from datetime import timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Form, Query, Request, Response

from services.customer.access import repository, rules, usecases
from services.customer.access.errors import LockedOut, PasswordsDiffer, PasswordTooWeak, SignInRefused
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.access.models import User
from services.customer.access.ports import SecretHasher
from services.customer.access.usecases import Attempt, ResetPassword
from services.customer.config import CustomerSettings
from shared import clock
from shared.runtime import Runtime
from shared.security import csrf, revocation
from shared.security.authentication import caller_or_none
from shared.web import sessions
from shared.web.dependencies import AnyCaller, Here
from shared.web.pages import SIGN_IN, render, safe_next, see_other

router = APIRouter(include_in_schema=False)
log = structlog.get_logger(__name__)

Text = Annotated[str, Form(max_length=512)]
LOOPBACK = ("127.0.0.1", "::1")


@router.get("/")
async def front_page(request: Request) -> Response:
    caller = await caller_or_none(request)
    return see_other(request, rules.home_of(caller.role) if caller else SIGN_IN)


@router.get("/customer/signin")
async def sign_in_page(request: Request, next: Annotated[str | None, Query()] = None) -> Response:  # noqa: A002
    caller = await caller_or_none(request)
    if caller is not None:
        return see_other(request, safe_next(next, rules.home_of(caller.role)))
    return _form(request, next=next)


@router.post("/customer/signin", dependencies=[Depends(csrf.visitor)])
async def sign_in(
    request: Request,
    here: Here,
    username: Text = "",
    password: Text = "",
    next: Text = "",  # noqa: A002
) -> Response:
    attempt = Attempt(username, _address(request))
    try:
        user, version = await _judged(attempt, password, here, hasher_for(here.settings))
    except LockedOut as locked:
        wait = {"Retry-After": str(locked.extras["retry_after"])}
        return _form(request, status=429, headers=wait, username=username, next=next, wrong=locked.message)
    except SignInRefused as refused:
        return _form(request, status=401, username=username, next=next, wrong=refused.message)
    log.info("access.signed_in", user=user.subject, role=user.role)
    response = see_other(request, safe_next(next, rules.home_of(user.role)))
    _start_session(response, here, user, version)
    return response


@router.post("/customer/signout")
async def sign_out(request: Request, here: Here, caller: AnyCaller) -> Response:
    """The caller is asked for so that only our own form can sign anybody out."""
    log.info("access.signed_out", user=caller.subject)
    response = see_other(request, SIGN_IN, say="已退出。")
    sessions.end(response, here)
    return response


@router.get("/customer/password")
async def password_page(request: Request, caller: AnyCaller) -> Response:
    return render(request, "access/password.html", wrong=None)


@router.post("/customer/password")
async def change_password(
    request: Request, here: Here, caller: AnyCaller, old: Text = "", new: Text = "", again: Text = ""
) -> Response:
    """One's own password; guesses count like those at the door, and all other sessions end."""
    async with here.database.reading() as session:
        user = await repository.get_user_of(session, caller.subject)
    try:
        usecases.check_password(new, user.username, again)
        await _judged(Attempt(user.username, _address(request)), old, here, hasher_for(here.settings))
    except (LockedOut, PasswordTooWeak, PasswordsDiffer) as wrong:
        return render(request, "access/password.html", status=422, wrong=wrong.message)
    except SignInRefused:
        return render(request, "access/password.html", status=422, wrong="原密码不正确。")
    command = ResetPassword(user.username, await hasher_for(here.settings).hash(new))
    async with here.database.transaction() as session:
        user = await usecases.reset_password(session, command, now=clock.now())
        version = await revocation.version_of(session, user.subject)
    response = see_other(request, rules.home_of(user.role), say="密码已修改，其他地方的登录已失效。")
    _start_session(response, here, user, version)
    return response


async def _judged(attempt: Attempt, password: str, here: Runtime, hasher: SecretHasher) -> tuple[User, int]:
    """Begin, verify outside any transaction, settle; the outcome is committed before anybody hears of it.

    Gives the version the session has to carry, read before the password was judged: what ends meanwhile ends it too.
    """
    async with here.database.transaction() as session:
        user = await usecases.begin_sign_in(session, attempt, now=clock.now())
        version = await revocation.version_of(session, user.subject) if user else 0
    matches = await hasher.verify(user.password_hash if user else None, password)
    succeeded = usecases.is_admitted(user, password_matches=matches)
    async with here.database.transaction() as session:
        await usecases.settle_sign_in(session, attempt, succeeded=succeeded, now=clock.now())
    if user is None or not succeeded:
        log.warning("access.sign_in_refused", door=usecases.user_door(attempt.username)[:17])
        raise SignInRefused
    return user, version


def _start_session(response: Response, here: Runtime, user: User, version: int) -> None:
    sessions.start(
        response,
        here,
        subject=user.subject,
        role=user.role,
        county=user.county,
        hall=user.hall,
        name=user.display,
        version=version,
        lifetime=timedelta(hours=CustomerSettings.of(here.settings).session_hours),
    )


def _form(
    request: Request,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    username: str = "",
    next: str | None = None,  # noqa: A002
    wrong: str | None = None,
) -> Response:
    onward = safe_next(next, "")
    return render(
        request,
        "access/signin.html",
        status=status,
        headers=headers,
        username=username,
        onward=onward,
        wrong=wrong,
    )


def _address(request: Request) -> str:
    """The browser's address; behind our own nginx on this machine it is the last one nginx has noted."""
    peer = request.client.host if request.client else ""
    noted = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return noted if peer in LOOPBACK and noted else peer
