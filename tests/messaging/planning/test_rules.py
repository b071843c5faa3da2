"""Quiet hours, spreading and deadlines."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.planning import rules
from shared import clock

MOMENTS = st.integers(0, 700 * 1440 * 60).map(
    lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)
MINUTES = st.integers(0, 1440)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


@given(MOMENTS, MINUTES, MINUTES)
def test_the_next_allowed_moment_is_allowed_not_before_and_within_a_day(
    now: datetime, starts: int, ends: int
) -> None:
    hours = rules.intervals(starts, ends)
    found = rules.next_allowed(now, hours)
    assert rules.is_allowed(found, hours)
    assert now <= found <= now + timedelta(days=1)


@given(MOMENTS, MINUTES, MINUTES)
def test_no_allowed_minute_is_passed_over(now: datetime, starts: int, ends: int) -> None:
    hours = rules.intervals(starts, ends)
    found = rules.next_allowed(now, hours)
    probe = now
    while probe < found - timedelta(minutes=1):
        assert not rules.is_allowed(probe, hours)
        probe += timedelta(minutes=7)


@given(MOMENTS, MINUTES, MINUTES, st.floats(0, 0.999))
def test_a_spread_release_stays_inside_the_allowed_hours(
    now: datetime, starts: int, ends: int, share: float
) -> None:
    hours = rules.intervals(starts, ends)
    opening = rules.next_allowed(now, hours)
    room = timedelta(minutes=20)
    spread = rules.spread(opening, hours, share, room)
    assert rules.is_allowed(spread, hours)
    assert opening <= spread <= opening + room


@given(MINUTES, MINUTES, MINUTES, MINUTES, MINUTES.filter(lambda m: m < 1440))
def test_common_hours_are_those_in_both(a: int, b: int, c: int, d: int, minute: int) -> None:
    moment = at("2026-11-10T00:00") + timedelta(minutes=minute)
    some, others = rules.intervals(a, b), rules.intervals(c, d)
    both = rules.is_allowed(moment, some) and rules.is_allowed(moment, others)
    assert rules.is_allowed(moment, rules.common(some, others)) == both


def test_half_past_five_waits_for_eight() -> None:
    assert rules.next_allowed(at("2026-11-10T05:30"), [(480, 1200)]) == at("2026-11-10T08:00")


def test_half_past_eight_in_the_evening_waits_for_the_next_day() -> None:
    assert rules.next_allowed(at("2026-11-30T20:30"), [(480, 1200)]) == at("2026-12-01T08:00")


def test_equal_times_mean_the_whole_day() -> None:
    assert rules.intervals(0, 0) == rules.intervals(480, 480) == [(0, 1440)]


def test_hours_over_midnight_are_two_intervals() -> None:
    assert rules.intervals(1320, 360) == [(0, 360), (1320, 1440)]


def test_hours_that_never_meet_leave_the_halls() -> None:
    assert rules.allowed([(0, 60)], [(480, 1200)]) == [(0, 60)]


@pytest.mark.parametrize(
    ("stored", "agreed", "begins"),
    [(None, None, "archived"), ("stored", None, "stored"), ("stored", "agreed", "agreed")],
)
def test_the_seven_days_begin_with_the_number_the_archive_or_the_later_consent(
    stored: str | None, agreed: str | None, begins: str
) -> None:
    moments = {
        "archived": at("2026-11-01T10:00"), "stored": at("2026-11-02T10:00"), "agreed": at("2026-11-03T10:00"),
    }  # fmt: skip
    deadline = rules.intro_deadline(moments.get(stored or ""), moments["archived"], moments.get(agreed or ""))
    assert deadline == moments[begins] + timedelta(days=7)


def test_the_most_exact_route_wins() -> None:
    routes = {("*", "*"): "a", ("*", "service"): "b", ("ZZ01", "*"): "c", ("ZZ01", "service"): "d"}
    chosen = [
        rules.choose_route(routes, hall, kind) for hall in ("ZZ01", "ZZ02") for kind in ("service", "intro")
    ]
    assert chosen == ["d", "c", "b", "a"]
