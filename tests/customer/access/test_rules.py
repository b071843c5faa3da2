"""How failures lock a door, and which passwords are too weak."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.access import rules
from services.customer.access.rules import ADDRESS_POLICY, CLIENT_POLICY, USER_POLICY, LockPolicy

POLICY = LockPolicy(
    free=3, first=timedelta(seconds=10), longest=timedelta(seconds=60), forget=timedelta(hours=1)
)


def test_the_first_failures_are_free_then_each_doubles_the_pause_up_to_the_longest() -> None:
    pauses = [POLICY.pause_after(failures) for failures in range(8)]
    seconds = [pause and pause.total_seconds() for pause in pauses]
    assert seconds == [None, None, None, 10, 20, 40, 60, 60]


@given(st.integers(0, 10_000), st.sampled_from([USER_POLICY, ADDRESS_POLICY, CLIENT_POLICY]))
def test_a_pause_never_shrinks_with_more_failures_and_never_exceeds_the_longest(
    failures: int, policy: LockPolicy
) -> None:
    pause, longer = policy.pause_after(failures), policy.pause_after(failures + 1)
    assert (pause or timedelta(0)) <= (longer or timedelta(0)) <= policy.longest


@given(st.integers(0, 50))
def test_parallel_attempts_get_no_more_tries_than_attempts_in_turn(failures: int) -> None:
    pending = 0
    while USER_POLICY.has_room(failures, pending):
        pending += 1
    assert pending == max(1, USER_POLICY.free - failures)


@pytest.mark.parametrize(
    ("password", "acceptable"),
    [
        ("清风明月二〇二六", True),
        ("correct horse", True),
        ("short12", False),
        ("aaaaaaaaaaaa", False),
        ("ZZ0101xx", False),
        ("x" * 64 + "y" * 65, False),
    ],
)
def test_short_repeated_and_telling_passwords_are_refused(password: str, acceptable: bool) -> None:
    assert rules.is_acceptable_password(password, "zz0101xx") is acceptable


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("clerk", "/customer/workbench"),
        ("hall_manager", "/customer/halls"),
        ("county_manager", "/kpi/board"),
        ("regional_office", "/kpi/board"),
        ("admin", "/customer/admin"),
    ],
)
def test_everybody_starts_on_the_page_of_their_role(role: str, page: str) -> None:
    assert rules.home_of(role) == page
