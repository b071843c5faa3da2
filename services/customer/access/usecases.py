"""Giving people and programs a way in, taking it away, and judging one attempt to come in.

An attempt has three parts, since the slow hash is never computed inside a transaction: begin, verify, settle.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access import repository, rules
from services.customer.access.errors import (
    ClientExists,
    PasswordsDiffer,
    PasswordTooWeak,
    RoleUnknown,
    TokenRefused,
    UserExists,
)
from services.customer.access.models import ClientSecret, MachineClient, User
from services.customer.access.rules import ADDRESS_POLICY, CLIENT_POLICY, USER_POLICY, LockPolicy
from services.customer.directory import usecases as directory
from shared import clock, ids
from shared.database import insert_new, insert_rows
from shared.security import revocation
from shared.security.roles import ROLES

FORGOTTEN_AFTER = timedelta(days=1)
FORGET_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class RegisterClient:
    """Give a program a way in."""

    client_id: str
    name: str
    role: str
    secret_hash: str
    county: str | None = None
    hall: str | None = None


async def register_client(session: AsyncSession, command: RegisterClient, *, now: datetime) -> MachineClient:
    county, hall = await _place(session, command.role, command.county, command.hall)
    client = MachineClient(
        client_id=command.client_id,
        name=command.name,
        role=command.role,
        county=county,
        hall=hall,
        created_at=now,
    )
    if not await insert_new(session, MachineClient, [client], key=["client_id"]):
        raise ClientExists(existing_client=command.client_id)
    await insert_rows(session, ClientSecret, [_secret(command.client_id, command.secret_hash, now)])
    return client


@dataclass(frozen=True, slots=True)
class RotateClientSecret:
    """Give a client a second secret; the one it has ends after `overlap`."""

    client_id: str
    secret_hash: str
    overlap: timedelta


async def rotate_client_secret(
    session: AsyncSession, command: RotateClientSecret, *, now: datetime
) -> MachineClient:
    client = await repository.get_client(session, command.client_id)
    known = await repository.valid_secrets(session, command.client_id, now)
    for place, secret in enumerate(known):
        secret.expire_at(now + command.overlap if place == 0 else now)
    await session.flush()
    await insert_rows(session, ClientSecret, [_secret(client.client_id, command.secret_hash, now)])
    return client


async def enable_client(session: AsyncSession, client_id: str) -> MachineClient:
    client = await repository.get_client(session, client_id)
    client.enable()
    return client


async def disable_client(session: AsyncSession, client_id: str, *, now: datetime) -> MachineClient:
    """No more tokens for it; one already issued ends by itself within its hour."""
    client = await repository.get_client(session, client_id)
    client.disable(now)
    return client


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Give a person a way in."""

    username: str
    password_hash: str
    role: str
    display: str
    county: str | None = None
    hall: str | None = None
    staff_no: str | None = None


async def create_user(session: AsyncSession, command: CreateUser, *, now: datetime) -> User:
    county, hall = await _place(session, command.role, command.county, command.hall)
    user = _user(command, county, hall, now)
    if not await insert_new(session, User, [user], key=["username"]):
        raise UserExists(existing_username=user.username)
    return user


async def create_users(session: AsyncSession, commands: Sequence[CreateUser], *, now: datetime) -> int:
    """Many at once, places taken as given; names already there are left alone. Returns how many were new."""
    users = [_user(command, command.county, command.hall, now) for command in commands]
    return len(await insert_new(session, User, users, key=["username"]))


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Give a user another password."""

    username: str
    password_hash: str


async def reset_password(session: AsyncSession, command: ResetPassword, *, now: datetime) -> User:
    """The old password ends, and so does any lock-out of the name."""
    user = await repository.get_user(session, rules.folded_username(command.username))
    user.change_password(command.password_hash, now)
    failures = await repository.failures_behind(session, user_door(user.username), now)
    failures.succeed(USER_POLICY)
    await revocation.end_sessions(session, user.subject, now=now)
    return user


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """Another role, place, name or staff number; what the user is signed in with ends."""

    username: str
    role: str
    display: str
    county: str | None = None
    hall: str | None = None
    staff_no: str | None = None


async def change_user(session: AsyncSession, command: ChangeUser, *, now: datetime) -> User:
    user = await repository.get_user(session, rules.folded_username(command.username))
    county, hall = await _place(session, command.role, command.county, command.hall)
    before = user.subject
    changes = {"role": command.role, "display": command.display, "staff_no": command.staff_no}
    if user.change({**changes, "county": county, "hall": hall}):
        await revocation.end_sessions(session, before, now=now)
    return user


async def disable_user(session: AsyncSession, username: str, *, now: datetime) -> User:
    """Nobody signs in with it any more, and whoever is signed in with it is not."""
    user = await repository.get_user(session, rules.folded_username(username))
    user.disable(now)
    await revocation.end_sessions(session, user.subject, now=now)
    return user


async def enable_user(session: AsyncSession, username: str) -> User:
    user = await repository.get_user(session, rules.folded_username(username))
    user.enable()
    return user


async def follow_directory(session: AsyncSession, *, now: datetime) -> bool:
    """Users go where their clerk has gone, and out when their clerk has left. One chunk; True if there may be more."""
    chunk = await repository.users_elsewhere(session, clock.business_date(now), FORGET_CHUNK)
    for user, clerk in chunk:
        if not rules.has_left(clerk.effective_to, clock.business_date(now)):
            user.change({"role": clerk.role, "county": clerk.county, "hall": clerk.hall})
        else:
            user.disable(now)
        await revocation.end_sessions(session, user.subject, now=now)
    return len(chunk) == FORGET_CHUNK


def check_password(password: str, username: str, again: str | None = None) -> None:
    """Raise `PasswordTooWeak`, or `PasswordsDiffer` where it was typed twice; asked before the password is hashed."""
    if again is not None and again != password:
        raise PasswordsDiffer
    if not rules.is_acceptable_password(password, username):
        raise PasswordTooWeak


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody at the door: the name they give and the address they come from."""

    username: str
    address: str

    @property
    def doors(self) -> tuple[tuple[str, LockPolicy], ...]:
        """Always in this order, so that two attempts never wait for each other."""
        return ((_door("address", self.address), ADDRESS_POLICY), (user_door(self.username), USER_POLICY))


async def begin_sign_in(session: AsyncSession, attempt: Attempt, *, now: datetime) -> User | None:
    """Take a place behind each door or raise `LockedOut`; gives the user whose password is to be verified."""
    for door, policy in attempt.doors:
        (await repository.failures_behind(session, door, now)).begin(policy, now)
    return await repository.user_or_none(session, rules.folded_username(attempt.username))


async def settle_sign_in(session: AsyncSession, attempt: Attempt, *, succeeded: bool, now: datetime) -> None:
    """Count the outcome. Commit it before answering, whatever it is."""
    for door, policy in attempt.doors:
        failures = await repository.failures_behind(session, door, now)
        if succeeded:
            failures.succeed(policy)
        else:
            failures.fail(policy, now)


def is_admitted(user: User | None, *, password_matches: bool) -> bool:
    """Whether the user may come in; all who may not are told the same."""
    return user is not None and user.disabled_at is None and password_matches


@dataclass(frozen=True, slots=True)
class Claimant:
    """A client that asks for a token, with the hashes of its valid secrets (none: nobody of that name may)."""

    client: MachineClient | None
    hashes: tuple[str, ...]
    has_failures: bool


async def begin_token_request(session: AsyncSession, client_id: str, *, now: datetime) -> Claimant:
    """Raises `LockedOut`. Only failures are written: secrets are long random texts, honest clients come in crowds."""
    failures = await repository.failures_or_none(session, client_door(client_id))
    if failures is not None:
        failures.refuse_while_locked(now)
    client = await repository.client_or_none(session, client_id)
    secrets = await repository.valid_secrets(session, client_id, now)
    hashes = () if client is None or client.disabled_at else tuple(s.secret_hash for s in secrets)
    return Claimant(client, hashes, has_failures=failures is not None and failures.failures > 0)


async def settle_token_request(
    session: AsyncSession, client_id: str, *, succeeded: bool, now: datetime
) -> None:
    failures = await repository.failures_behind(session, client_door(client_id), now)
    if succeeded:
        failures.succeed(CLIENT_POLICY)
    else:
        failures.fail(CLIENT_POLICY, now)


def granted_scopes(held: frozenset[str], asked: str | None) -> frozenset[str]:
    """What a token gets: all that the role holds, or the part of it that was asked for; none of it is an error."""
    if asked is None:
        return held
    granted = held & frozenset(asked.split())
    if not granted:
        raise TokenRefused("invalid_scope", "none of the requested scopes is held by this client")
    return granted


async def forget_old_failures(session: AsyncSession, *, now: datetime) -> bool:
    """Delete one chunk of doors long quiet; True when there may be more."""
    deleted = await repository.delete_failures_before(session, now - FORGOTTEN_AFTER, FORGET_CHUNK)
    return deleted == FORGET_CHUNK


def user_door(username: str) -> str:
    """People type passwords into the name field: what is kept is a hash."""
    return _door("user", rules.folded_username(username))


def client_door(client_id: str) -> str:
    return _door("client", client_id)


def _door(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}"


def _secret(client_id: str, secret_hash: str, now: datetime) -> ClientSecret:
    secret_id: UUID = ids.uuid7()
    return ClientSecret(id=secret_id, client_id=client_id, secret_hash=secret_hash, created_at=now)


def _user(command: CreateUser, county: str | None, hall: str | None, now: datetime) -> User:
    return User(
        username=rules.folded_username(command.username),
        password_hash=command.password_hash,
        role=command.role,
        county=county,
        hall=hall,
        staff_no=command.staff_no,
        display=command.display,
        created_at=now,
        password_changed_at=now,
    )


async def _place(
    session: AsyncSession, role: str, county: str | None, hall: str | None
) -> tuple[str | None, str | None]:
    if role not in ROLES:
        raise RoleUnknown(role=role, roles="、".join(ROLES))
    return await directory.resolve_place(session, role, county, hall)
