"""The count of failures behind a door, and secrets that overlap."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.customer.access.errors import LockedOut
from services.customer.access.models import ClientSecret, SignInFailures
from services.customer.access.rules import ADDRESS_POLICY, PENDING_LASTS, USER_POLICY

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)


def a_door(*, failures: int = 0, pending: int = 0) -> SignInFailures:
    door = SignInFailures.of("user:x", NOW)
    door.failures, door.pending = failures, pending
    return door


def test_a_door_shuts_after_five_failures_and_opens_when_the_pause_is_over() -> None:
    door, now = a_door(), NOW
    for _ in range(5):
        door.begin(USER_POLICY, now)
        door.fail(USER_POLICY, now)
    with pytest.raises(LockedOut) as locked:
        door.begin(USER_POLICY, now + timedelta(seconds=29))
    assert locked.value.extras["retry_after"] == 1
    door.begin(USER_POLICY, now + timedelta(seconds=30))
    door.fail(USER_POLICY, now + timedelta(seconds=30))
    assert door.locked_until == now + timedelta(seconds=90)


def test_success_clears_the_failures_of_a_name_but_not_those_of_an_address() -> None:
    name, address = a_door(failures=3, pending=1), a_door(failures=3, pending=1)
    name.succeed(USER_POLICY)
    address.succeed(ADDRESS_POLICY)
    assert (name.failures, name.pending, address.failures, address.pending) == (0, 0, 3, 0)


def test_attempts_not_decided_yet_take_the_places_of_failures() -> None:
    door = a_door(failures=3)
    door.begin(USER_POLICY, NOW)
    door.begin(USER_POLICY, NOW)
    with pytest.raises(LockedOut):
        door.begin(USER_POLICY, NOW)
    assert door.pending == 2


def test_places_of_attempts_that_crashed_are_free_again_after_a_minute() -> None:
    door = a_door(failures=4, pending=1)
    with pytest.raises(LockedOut):
        door.begin(USER_POLICY, NOW + PENDING_LASTS - timedelta(seconds=1))
    door.begin(USER_POLICY, NOW + PENDING_LASTS)
    assert door.pending == 1


def test_failures_are_forgotten_after_a_quiet_time() -> None:
    door = a_door(failures=4)
    door.fail(USER_POLICY, NOW + USER_POLICY.forget)
    assert (door.failures, door.locked_until) == (1, None)


def test_a_secret_ends_at_its_hour_and_never_later_than_it_would_have() -> None:
    secret = ClientSecret(id=UUID(int=1), client_id="pos-1", secret_hash="x", created_at=NOW)
    assert secret.is_valid(NOW + timedelta(days=365))
    secret.expire_at(NOW + timedelta(hours=1))
    secret.expire_at(NOW + timedelta(hours=9))
    assert secret.is_valid(NOW + timedelta(minutes=59))
    assert not secret.is_valid(NOW + timedelta(hours=1))
