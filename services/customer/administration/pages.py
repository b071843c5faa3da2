"""The administrator's pages: an overview, users and programs; passwords and secrets stand on one answer only."""

import secrets
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from services.customer.access import repository, usecases
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.access.models import MachineClient, User
from services.customer.access.usecases import (
    ChangeUser,
    CreateUser,
    RegisterClient,
    ResetPassword,
    RotateClientSecret,
)
from services.customer.administration.schemas import ClientCreate, UserCreate, UserForm
from services.customer.directory import repository as directory
from shared import clock
from shared.errors import Conflict, Invalid, NotFound
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Area, Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings, render_form, typed
from shared.web.navigation import ROLE_NAMES
from shared.web.pages import render, see_other

router = APIRouter(include_in_schema=False)

Keeper = Annotated[Caller, requires("directory:write")]
UserKeeper = Annotated[Caller, requires("users:write")]
ClientKeeper = Annotated[Caller, requires("clients:write")]
ADMIN = "/customer/admin"
OVERLAP = timedelta(hours=24)
USER_ROLES = ("clerk", "hall_manager", "county_manager", "regional_office", "auditor", "admin")
CLIENT_ROLES = ("pos", "gateway", "hall_manager", "county_manager", "regional_office", "auditor", "admin")
Wrong = (Invalid, Conflict, NotFound, ValidationError)


@router.get("/customer/admin")
async def overview(request: Request, _caller: Keeper) -> Response:
    return render(request, "administration/overview.html")


@router.get("/customer/admin/users")
async def users(request: Request, here: Here, _caller: UserKeeper) -> Response:
    return await _users(request, here)


@router.post("/customer/admin/users")
async def create_user(request: Request, here: Here, _caller: UserKeeper) -> Response:
    """The new user's page with the password, this once."""
    form, password = await request.form(), _new_password()
    hashed = await hasher_for(here.settings).hash(password)
    try:
        body = UserCreate.model_validate(_given(form))
        async with here.database.transaction() as session:
            place = await _place_of(session, body)
            command = CreateUser(body.username, hashed, **place)
            user = await usecases.create_user(session, command, now=clock.now())
    except Wrong as wrong:
        return await _users(request, here, status=422, filled=typed(form), errors=_errors_of(wrong))
    return await _user(request, here, user.username, status=201, secret=password)


@router.get("/customer/admin/users/{username}")
async def user(request: Request, here: Here, _caller: UserKeeper, username: str) -> Response:
    return await _user(request, here, username)


@router.post("/customer/admin/users/{username}")
async def change_user(request: Request, here: Here, _caller: UserKeeper, username: str) -> Response:
    form = await request.form()
    try:
        body = UserForm.model_validate(_given(form))
        async with here.database.transaction() as session:
            command = ChangeUser(username, **await _place_of(session, body))
            await usecases.change_user(session, command, now=clock.now())
    except Wrong as wrong:
        return await _user(request, here, username, status=422, filled=typed(form), errors=_errors_of(wrong))
    return see_other(request, f"{ADMIN}/users/{username}", say="已保存；有变化时，本人需要重新登录。")


@router.get("/customer/admin/users/{username}/password")
@router.get("/customer/admin/users/{username}/state")
async def back_to_user(request: Request, _caller: UserKeeper, username: str) -> Response:
    return see_other(request, f"{ADMIN}/users/{username}")


@router.post("/customer/admin/users/{username}/password")
async def reset_password(request: Request, here: Here, _caller: UserKeeper, username: str) -> Response:
    """Another password, shown this once; whoever is signed in with the old one is not any more."""
    password = _new_password()
    hashed = await hasher_for(here.settings).hash(password)
    async with here.database.transaction() as session:
        await usecases.reset_password(session, ResetPassword(username, hashed), now=clock.now())
    return await _user(request, here, username, secret=password)


@router.post("/customer/admin/users/{username}/state")
async def open_or_close_user(request: Request, here: Here, _caller: UserKeeper, username: str) -> Response:
    closing = (await request.form()).get("state") == "closed"
    async with here.database.transaction() as session:
        if closing:
            await usecases.disable_user(session, username, now=clock.now())
        else:
            await usecases.enable_user(session, username)
    said = "已停用，登录立即失效。" if closing else "已启用。"
    return see_other(request, f"{ADMIN}/users/{username}", say=said)


@router.get("/customer/admin/clients")
async def clients(request: Request, here: Here, _caller: ClientKeeper) -> Response:
    return await _clients(request, here)


@router.post("/customer/admin/clients")
async def register_client(request: Request, here: Here, _caller: ClientKeeper) -> Response:
    """The new program's page with its secret, this once."""
    form, secret = await request.form(), _new_secret()
    hashed = await hasher_for(here.settings).hash(secret)
    try:
        body = ClientCreate.model_validate(_given(form))
        command = RegisterClient(**body.model_dump(), secret_hash=hashed)
        async with here.database.transaction() as session:
            client = await usecases.register_client(session, command, now=clock.now())
    except Wrong as wrong:
        return await _clients(request, here, status=422, filled=typed(form), errors=_errors_of(wrong))
    return await _client(request, here, client.client_id, status=201, secret=secret)


@router.get("/customer/admin/clients/{client_id}")
async def client(request: Request, here: Here, _caller: ClientKeeper, client_id: str) -> Response:
    return await _client(request, here, client_id)


@router.get("/customer/admin/clients/{client_id}/secrets")
@router.get("/customer/admin/clients/{client_id}/state")
async def back_to_client(request: Request, _caller: ClientKeeper, client_id: str) -> Response:
    return see_other(request, f"{ADMIN}/clients/{client_id}")


@router.post("/customer/admin/clients/{client_id}/secrets")
async def rotate_secret(request: Request, here: Here, _caller: ClientKeeper, client_id: str) -> Response:
    """A second secret, shown this once; the one in use is good for a day more."""
    secret = _new_secret()
    hashed = await hasher_for(here.settings).hash(secret)
    async with here.database.transaction() as session:
        command = RotateClientSecret(client_id, hashed, OVERLAP)
        await usecases.rotate_client_secret(session, command, now=clock.now())
    return await _client(request, here, client_id, secret=secret)


@router.post("/customer/admin/clients/{client_id}/state")
async def open_or_close_client(
    request: Request, here: Here, _caller: ClientKeeper, client_id: str
) -> Response:
    closing = (await request.form()).get("state") == "closed"
    async with here.database.transaction() as session:
        if closing:
            await usecases.disable_client(session, client_id, now=clock.now())
        else:
            await usecases.enable_client(session, client_id)
    said = "已停用，不再签发令牌；已签发的令牌最多一小时后失效。" if closing else "已启用。"
    return see_other(request, f"{ADMIN}/clients/{client_id}", say=said)


async def _users(request: Request, here: Runtime, *, status: int = 200, **values: Any) -> Response:
    async with here.database.reading() as session:
        found = await repository.all_users(session)
        counties = await _county_names(session)
    return render_form(
        request,
        "administration/users.html",
        status,
        values,
        users=found,
        counties=counties,
        roles=_named(USER_ROLES),
    )


async def _user(
    request: Request, here: Runtime, username: str, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        found: User = await repository.get_user(session, username)
    shown = found.model_dump(include={"display", "role", "county", "hall", "staff_no"})
    values["filled"] = {**shown, **values.get("filled", {})}
    return render_form(
        request, "administration/user.html", status, {"secret": None, **values}, user=found, roles=_named(USER_ROLES)
    )  # fmt: skip


async def _clients(request: Request, here: Runtime, *, status: int = 200, **values: Any) -> Response:
    async with here.database.reading() as session:
        found = await repository.all_clients(session)
        counts = await repository.secret_counts(session, clock.now())
        counties = await _county_names(session)
    return render_form(
        request, "administration/clients.html", status, values, clients=found, counts=counts, counties=counties,
        roles=_named(CLIENT_ROLES),
    )  # fmt: skip


async def _client(
    request: Request, here: Runtime, client_id: str, *, status: int = 200, secret: str | None = None
) -> Response:
    async with here.database.reading() as session:
        found: MachineClient = await repository.get_client(session, client_id)
        valid = await repository.valid_secrets(session, client_id, clock.now())
    return render_form(
        request, "administration/client.html", status, {}, client=found, valid=valid, secret=secret
    )


async def _county_names(session: AsyncSession) -> dict[str, str]:
    found = await directory.counties_page(session, Area.everything(), PageRequest(limit=200))
    return {entry.code: entry.name for entry in found.items}


async def _place_of(session: AsyncSession, body: UserForm) -> dict[str, Any]:
    """What the form says, or for a member of staff what the directory says. Raises ClerkNotFound."""
    if body.staff_no is None:
        display = body.display or ROLE_NAMES.get(body.role or "", "")
        return {
            **body.model_dump(include={"county", "hall", "staff_no"}),
            "role": body.role or "",
            "display": display,
        }
    clerk = await directory.get_clerk(session, body.staff_no)
    hall, county = clerk.hall, None if clerk.hall else clerk.county
    display = body.display or clerk.name
    return {
        "role": clerk.role,
        "hall": hall,
        "county": county,
        "staff_no": clerk.staff_no,
        "display": display,
    }


def _named(roles: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(role, ROLE_NAMES[role]) for role in roles]


def _new_password() -> str:
    return secrets.token_urlsafe(9)


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _given(form: FormData) -> dict[str, str]:
    """What was filled in: an empty field is one that was left out."""
    return {
        name: str(value).strip()
        for name, value in form.items()
        if name != "csrf_token" and str(value).strip()
    }


def _errors_of(wrong: Exception) -> dict[str, str]:
    """By field; what belongs to none stands above the form."""
    named = {e.pointer.strip("/"): "请填写。" if e.code == "missing" else e.detail for e in findings(wrong)}
    return named or {"form": getattr(wrong, "message", "")}
