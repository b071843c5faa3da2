"""Clients, users and attempts on a real database."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.customer.access import repository, usecases
from services.customer.access.errors import (
    ClientNotFound,
    LockedOut,
    PasswordTooWeak,
    RoleUnknown,
    TokenRefused,
    UserExists,
    UserNotFound,
)
from services.customer.access.models import SignInFailures
from services.customer.access.rules import USER_POLICY
from services.customer.access.usecases import Attempt, CreateUser, RegisterClient, RotateClientSecret
from services.customer.directory.errors import PlaceMismatch, PlaceUnknown
from shared.database import Database

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("organisation")


async def register(
    database: Database, client_id: str = "pos-1", role: str = "pos", hall: str | None = "ZZ01"
) -> None:
    async with database.transaction() as session:
        command = RegisterClient(client_id, "POS", role, "hash-1", hall=hall)
        await usecases.register_client(session, command, now=NOW)


async def rotate(database: Database, secret_hash: str, now: datetime) -> None:
    async with database.transaction() as session:
        command = RotateClientSecret("pos-1", secret_hash, timedelta(hours=24))
        await usecases.rotate_client_secret(session, command, now=now)


async def valid_hashes(database: Database, now: datetime) -> tuple[str, ...]:
    async with database.reading() as session:
        return (await usecases.begin_token_request(session, "pos-1", now=now)).hashes


async def test_a_client_of_a_hall_carries_the_county_of_that_hall(database: Database) -> None:
    await register(database)
    async with database.reading() as session:
        client = await repository.get_client(session, "pos-1")
    assert (client.hall, client.county, client.disabled_at) == ("ZZ01", "zizhong", None)


@pytest.mark.parametrize(
    ("role", "hall", "error"),
    [
        ("pos", None, PlaceMismatch),
        ("pos", "XX99", PlaceUnknown),
        ("admin", "ZZ01", PlaceMismatch),
        ("boss", "ZZ01", RoleUnknown),
    ],
)
async def test_a_client_whose_role_and_place_do_not_fit_is_not_registered(
    database: Database, role: str, hall: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await register(database, role=role, hall=hall)
    async with database.reading() as session:
        assert await repository.all_clients(session) == []


@pytest.mark.both_databases
async def test_old_and_new_secret_overlap_and_never_more_than_two_are_valid(database: Database) -> None:
    await register(database)
    await rotate(database, "hash-2", NOW + timedelta(hours=1))
    assert await valid_hashes(database, NOW + timedelta(hours=2)) == ("hash-2", "hash-1")
    await rotate(database, "hash-3", NOW + timedelta(hours=3))
    assert await valid_hashes(database, NOW + timedelta(hours=4)) == ("hash-3", "hash-2")
    assert await valid_hashes(database, NOW + timedelta(hours=27)) == ("hash-3",)


async def test_a_disabled_client_has_no_valid_secret(database: Database) -> None:
    await register(database)
    async with database.transaction() as session:
        await usecases.disable_client(session, "pos-1", now=NOW)
    assert await valid_hashes(database, NOW) == ()


async def test_unknown_clients_and_users_cannot_be_changed(database: Database) -> None:
    with pytest.raises(ClientNotFound):
        await rotate(database, "hash", NOW)
    async with database.transaction() as session:
        with pytest.raises(UserNotFound):
            await usecases.disable_user(session, "nobody", now=NOW)


async def test_user_names_ignore_case_and_belong_to_one_person(database: Database) -> None:
    async with database.transaction() as session:
        await usecases.create_user(
            session, CreateUser(" ZZ0101 ", "h", "clerk", "张强", hall="ZZ01"), now=NOW
        )
    with pytest.raises(UserExists):
        async with database.transaction() as session:
            await usecases.create_user(session, CreateUser("zz0101", "h2", "admin", "冒名"), now=NOW)
    async with database.reading() as session:
        user = await repository.get_user(session, "zz0101")
    assert (user.display, user.role, user.county, user.password_hash) == ("张强", "clerk", "zizhong", "h")


async def test_many_users_are_created_at_once_and_again_without_effect(database: Database) -> None:
    commands = [
        CreateUser(f"u{i}", "h", "clerk", "某人", "zizhong", "ZZ01", f"ZZ01{i:02}") for i in range(40)
    ]
    for expected in (40, 0):
        async with database.transaction() as session:
            assert await usecases.create_users(session, commands, now=NOW) == expected


def test_a_weak_password_is_refused_before_it_is_hashed() -> None:
    with pytest.raises(PasswordTooWeak):
        usecases.check_password("12345", "zz0101")


@pytest.mark.both_databases
async def test_fifty_parallel_attempts_get_five_places(database: Database) -> None:
    attempt = Attempt("zz0101", "10.0.0.1")

    async def begin() -> bool:
        try:
            async with database.transaction() as session:
                await usecases.begin_sign_in(session, attempt, now=NOW)
        except LockedOut:
            return False
        return True

    assert sum(await asyncio.gather(*(begin() for _ in range(50)))) == USER_POLICY.free

    async def fail() -> None:
        async with database.transaction() as session:
            await usecases.settle_sign_in(session, attempt, succeeded=False, now=NOW)

    await asyncio.gather(*(fail() for _ in range(USER_POLICY.free)))
    async with database.reading() as session:
        door = await repository.failures_or_none(session, usecases.user_door("ZZ0101"))
    assert door is not None
    assert (door.failures, door.pending, door.locked_until) == (5, 0, NOW + timedelta(seconds=30))


async def test_a_reset_password_opens_the_locked_door(database: Database) -> None:
    attempt = Attempt("zz0101", "10.0.0.1")
    async with database.transaction() as session:
        await usecases.create_user(session, CreateUser("zz0101", "h", "clerk", "张强", hall="ZZ01"), now=NOW)
        for _ in range(5):
            await usecases.begin_sign_in(session, attempt, now=NOW)
            await usecases.settle_sign_in(session, attempt, succeeded=False, now=NOW)
    with pytest.raises(LockedOut):
        async with database.transaction() as session:
            await usecases.begin_sign_in(session, attempt, now=NOW)
    async with database.transaction() as session:
        await usecases.reset_password(session, usecases.ResetPassword("zz0101", "h2"), now=NOW)
        user = await usecases.begin_sign_in(session, attempt, now=NOW)
    assert user is not None
    assert user.password_hash == "h2"


async def test_what_is_kept_of_a_failed_name_is_not_the_name(database: Database) -> None:
    async with database.transaction() as session:
        await usecases.begin_sign_in(session, Attempt("my password in the wrong field", "10.0.0.1"), now=NOW)
    async with database.reading() as session:
        door = await repository.failures_or_none(
            session, usecases.user_door("my password in the wrong field")
        )
    assert door is not None
    assert "password" not in door.door


async def test_doors_nobody_knocked_at_for_a_day_are_forgotten_in_chunks(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecases, "FORGET_CHUNK", 2)
    async with database.transaction() as session:
        for number in range(5):
            session.add(SignInFailures.of(f"user:{number}", NOW - timedelta(days=2 if number < 3 else 0)))
    more = []
    for _ in range(2):
        async with database.transaction() as session:
            more.append(await usecases.forget_old_failures(session, now=NOW))
    assert more == [True, False]
    async with database.reading() as session:
        left = [await repository.failures_or_none(session, f"user:{number}") for number in range(5)]
    assert [door is not None for door in left] == [False, False, False, True, True]


def test_scopes_are_narrowed_to_what_was_asked_for_and_never_widened() -> None:
    held = frozenset({"customers:read", "customers:write"})
    assert usecases.granted_scopes(held, None) == held
    assert usecases.granted_scopes(held, "customers:read phone:reveal") == {"customers:read"}
    with pytest.raises(TokenRefused) as refused:
        usecases.granted_scopes(held, "phone:reveal")
    assert refused.value.error == "invalid_scope"
