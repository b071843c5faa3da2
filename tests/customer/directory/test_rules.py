"""Hours, busy days and effective dates."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.directory import rules


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("09:30", 570), ("24:00", 1440)])
def test_a_time_of_day_is_read_as_its_minute(text: str, minute: int) -> None:
    assert rules.minute_of(text) == minute


@pytest.mark.parametrize(
    "text", ["9:30", "09.30", "24:01", "12:60", "ab:cd", "", "09:30:00", "０９:３０", "-1:00"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="时间"):
        rules.minute_of(text)


@pytest.mark.parametrize(
    "intervals",
    [
        [("10:00", "10:00")],
        [("12:00", "09:00")],
        [("09:00", "12:00"), ("11:00", "18:00")],
        [("14:00", "18:00"), ("09:00", "12:00")],
    ],
)
def test_empty_reversed_overlapping_and_unordered_intervals_are_refused(
    intervals: list[tuple[str, str]],
) -> None:
    with pytest.raises(ValueError, match="时段"):
        rules.check_intervals(intervals)


def test_intervals_may_touch_and_a_day_may_be_closed() -> None:
    rules.check_intervals([("09:00", "12:00"), ("12:00", "24:00")])
    rules.check_intervals([])


def test_the_end_of_an_interval_lies_outside_it() -> None:
    morning = [("09:00", "12:00")]
    assert [rules.is_within(morning, minute) for minute in (539, 540, 719, 720)] == [False, True, True, False]


def test_the_end_of_the_day_is_midnight_to_the_others() -> None:
    assert rules.time_of("24:00") == time(0)
    assert rules.time_of("08:05") == time(8, 5)


@pytest.mark.parametrize(
    ("day", "busy"),
    [(24, False), (25, True), (30, True), (1, True), (5, True), (6, False)],
)
def test_the_busy_period_runs_from_the_25th_over_the_turn_of_the_month_to_the_5th(
    day: int, busy: bool
) -> None:
    assert rules.is_busy(date(2026, 11, day)) is busy


@given(st.dates(), st.integers(1, 31), st.integers(1, 31))
def test_a_day_is_busy_exactly_when_it_lies_between_the_two_days(day: date, first: int, last: int) -> None:
    days = {(first + step - 1) % 31 + 1 for step in range((last - first) % 31 + 1)}
    assert rules.is_busy(day, first, last) is (day.day in days)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 4000))
def test_an_entry_counts_on_both_its_first_and_its_last_day(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    assert rules.is_effective(first, first, last)
    assert rules.is_effective(last, first, last)
    assert not rules.is_effective(first - timedelta(days=1), first, None)
    assert not rules.is_effective(last + timedelta(days=1), first, last)
    assert rules.is_effective(last + timedelta(days=1), first, None)


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("pos", "hall"),
        ("clerk", "hall"),
        ("hall_manager", "hall"),
        ("county_manager", "county"),
        ("admin", "office"),
    ],
)
def test_every_role_belongs_to_one_kind_of_place(role: str, place: str) -> None:
    assert rules.place_of(role) == place


DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
PLACES = st.tuples(st.sampled_from(["clerk", "hall_manager"]), st.sampled_from(["ZZ01", "ZZ02", "WY01"]))


def a_post(place: tuple[str, str], start: date, end: date | None = None) -> rules.Post:
    return rules.Post(place[0], "zizhong", place[1], start, end)


@given(first=PLACES, moves=st.lists(st.tuples(PLACES, DAYS), max_size=6), day=DAYS)
def test_whoever_is_employed_has_one_post_on_every_day_and_the_last_word_on_it_counts(
    first: tuple[str, str], moves: list[tuple[tuple[str, str], date]], day: date
) -> None:
    posts = [a_post(first, date(2026, 1, 1))]
    for place, on in moves:
        posts = rules.moved(posts, a_post(place, on))
    holding = [post for post in posts if post.covers(day)]
    assert len(holding) == 1
    assert [p.start for p in posts] == sorted({p.start for p in posts})
    assert posts[-1].end is None
    if moves and moves[-1][1] <= day:
        assert (holding[0].role, holding[0].hall) == moves[-1][0]


@given(start=DAYS, end=st.none() | DAYS, moves=st.lists(st.tuples(PLACES, DAYS), max_size=4), day=DAYS)
def test_nobody_has_a_post_outside_their_employment(
    start: date, end: date | None, moves: list[tuple[tuple[str, str], date]], day: date
) -> None:
    if end is not None and end < start:
        return
    posts = [a_post(("clerk", "ZZ01"), date(2026, 1, 1))]
    for place, on in moves:
        posts = rules.moved(posts, a_post(place, on))
    posts = rules.employed(posts, start, end)
    assert (rules.post_on(posts, day) is not None) == rules.is_effective(day, start, end)
    assert all(p.end is None or p.start <= p.end for p in posts)
