"""The follow-up clock as arithmetic: both edges to the day in Shanghai, resets, and the ladder."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.touches.rules import (
    Cadence,
    Plan,
    State,
    Step,
    due_after,
    minute_of,
    next_step_on,
    state_on,
)
from shared import clock

CADENCE = Cadence(30, 45)
SINCE = datetime(2026, 11, 25, 2, tzinfo=UTC)
LADDER = [Step("clerk", 1), Step("hall_manager", 3), Step("county", 7)]
PLAN = Plan({"A": (CADENCE, 1), "B": (Cadence(60, 90), 2), "C": (Cadence(90, 120), 1)}, LADDER)
CADENCES = st.integers(1, 400).flatmap(lambda t: st.builds(Cadence, st.just(t), st.integers(t, t + 400)))
MOMENTS = st.timedeltas(timedelta(days=-2500), timedelta(days=3000)).map(lambda gap: SINCE + gap)


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (0, State.UPCOMING), (29, State.UPCOMING), (30, State.DUE), (31, State.LATE), (45, State.LATE),
        (46, State.OVERDUE), (400, State.OVERDUE),
    ],
)  # fmt: skip
def test_the_state_changes_on_the_target_day_after_it_and_after_the_last_day(days: int, state: State) -> None:
    due = due_after(SINCE, CADENCE)
    assert state_on(clock.business_date(SINCE) + timedelta(days=days), due.due_on, due.latest_on) is state


def test_days_are_those_of_shanghai() -> None:
    before, after = datetime(2026, 11, 25, 15, 59, tzinfo=UTC), datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert due_after(before, CADENCE).due_on == date(2026, 12, 25)
    assert due_after(after, CADENCE).due_on == date(2026, 12, 26)


def test_the_ladder_is_climbed_on_the_first_third_and_seventh_day_too_late() -> None:
    latest = date(2026, 12, 31)
    assert [next_step_on(latest, LADDER, taken) for taken in range(4)] == [
        date(2027, 1, 1), date(2027, 1, 3), date(2027, 1, 7), None,
    ]  # fmt: skip


def test_contacts_of_one_minute_are_one() -> None:
    first, last = datetime(2026, 11, 25, 2, 5, 0, 1, tzinfo=UTC), datetime(2026, 11, 25, 2, 5, 59, tzinfo=UTC)
    assert minute_of(first) == minute_of(last) != minute_of(last + timedelta(seconds=1))


@given(MOMENTS, CADENCES, st.integers(-10, 900))
def test_states_follow_each_other_and_each_is_told_by_its_days(
    since: datetime, cadence: Cadence, days: int
) -> None:
    due, day = due_after(since, cadence), clock.business_date(since) + timedelta(days=days)
    order = list(State)
    today, tomorrow = (state_on(d, due.due_on, due.latest_on) for d in (day, day + timedelta(days=1)))
    assert order.index(today) <= order.index(tomorrow)
    assert (today is State.OVERDUE) == (days > cadence.max_days)
    assert (today is State.UPCOMING) == (days < cadence.target_days)


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)), CADENCES)
def test_a_later_contact_never_brings_the_due_day_forward(
    since: datetime, more: timedelta, cadence: Cadence
) -> None:
    assert due_after(since + more, cadence).due_on >= due_after(since, cadence).due_on


@given(MOMENTS, st.sampled_from("ABC"), st.integers(0, 3))
def test_a_clock_run_again_from_the_same_contact_is_the_same(since: datetime, tier: str, taken: int) -> None:
    assert PLAN.clock_of(tier, since, taken=taken) == PLAN.clock_of(tier, since, taken=taken)
