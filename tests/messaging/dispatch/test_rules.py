"""Pace, pauses and back-off."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.dispatch import rules

NOW = datetime(2026, 11, 10, tzinfo=UTC)


@given(st.floats(1, 200), st.lists(st.tuples(st.floats(0, 3), st.integers(0, 300)), max_size=40))
def test_no_second_sees_more_than_twice_the_rate_and_no_span_more_than_its_share(
    rate: float, claims: list[tuple[float, int]]
) -> None:
    now, free, given = NOW, None, list[tuple[datetime, int]]()
    for wait, wanted in claims:
        now += timedelta(seconds=wait)
        pace = rules.pace(free, now, rate, wanted)
        free = pace.next_free_at if pace.allowed else free
        given.append((now, pace.allowed))
    for start, _ in given:
        for end, _ in given:
            if end >= start:
                total = sum(count for at, count in given if start <= at <= end)
                assert total <= rate * ((end - start).total_seconds() + 1) + 1


def test_a_gateway_is_paused_longer_and_longer_after_three_failures() -> None:
    waits = [rules.pause(failures, 0.5).total_seconds() for failures in range(1, 12)]
    assert waits[:5] == [0, 0, 1, 2, 4]
    assert waits == sorted(waits)
    assert waits[-1] <= 150


@given(st.integers(0, 50), st.floats(0, 1))
def test_back_off_is_jittered_and_bounded(attempts: int, jitter: float) -> None:
    wait = rules.back_off(attempts, jitter)
    assert timedelta(seconds=0.75) <= wait <= rules.LONGEST_PAUSE * 1.25
