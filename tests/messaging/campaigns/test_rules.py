"""The sum that must hold, and the spread over allowed hours, for whatever numbers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.campaigns import rules
from services.messaging.messages.rules import STATUSES

DAY = datetime(2026, 11, 10, 16, 0, tzinfo=UTC)
"""Midnight in Shanghai."""
REASONS = (None, "no-consent", "cap-reached")
rows = st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(REASONS), st.integers(1, 1000)))


@given(st.sampled_from(rules.STATES), rows, st.integers(0, 1000))
def test_everybody_of_the_audience_is_somewhere(state: str, found: list[rules.Row], left: int) -> None:
    taken = sum(number for *_status, number in found)
    progress = rules.tally(state, taken + left, taken, found)
    assert progress.reconciles
    assert progress.delivered <= progress.sent


@given(rows, st.integers(1, 50))
def test_a_message_too_many_is_noticed(found: list[rules.Row], more: int) -> None:
    taken = sum(number for *_status, number in found)
    assert not rules.tally("running", taken, taken, [*found, ("accepted", None, more)]).reconciles


def test_who_had_no_turn_waits_or_never_will_have_one() -> None:
    assert rules.tally("running", 5, 2, [("accepted", None, 2)]).pending == {"waiting": 3}
    assert rules.tally("cancelled", 5, 2, [("accepted", None, 2)]).suppressed == {"campaign-cancelled": 3}
    assert rules.tally("completed", 5, 2, [("accepted", None, 2)]).suppressed == {"deadline-passed": 3}


minutes = st.integers(0, 3 * 1440)


@given(minutes, minutes, st.sampled_from([[(0, 1440)], [(540, 1200)], [(0, 60), (1380, 1440)]]))
def test_the_share_grows_from_nothing_to_all(first: int, second: int, hours: list[rules.Interval]) -> None:
    ends = DAY + timedelta(days=3)
    earlier, later = sorted(DAY + timedelta(minutes=n) for n in (first, second))
    shares = [rules.share_passed(DAY, ends, at, hours) for at in (DAY, earlier, later, ends)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)


def test_nobody_has_a_turn_at_night() -> None:
    nine_to_eight, ends = [(540, 1200)], DAY + timedelta(days=2)
    evening, morning = DAY + timedelta(hours=20), DAY + timedelta(hours=33)
    assert rules.share_passed(DAY, ends, evening, nine_to_eight) == 0.5
    assert rules.share_passed(DAY, ends, morning, nine_to_eight) == 0.5


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_first_goes_at_once_and_nobody_is_due_twice(count: int, share: float) -> None:
    assert 1 <= rules.due_by(count, share) <= count
    assert rules.due_by(count, 1.0) == count
