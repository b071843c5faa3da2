"""The hall's calendar against UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock

moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_a_business_day_begins_at_four_in_the_afternoon_utc() -> None:
    assert clock.business_date(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 30)
    assert clock.business_date(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == date(2026, 12, 1)
    assert clock.month_of(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == "2026-12"


def test_a_month_ends_where_the_next_begins() -> None:
    assert clock.month_bounds("2026-12") == (
        datetime(2026, 11, 30, 16, tzinfo=UTC),
        datetime(2026, 12, 31, 16, tzinfo=UTC),
    )
    assert clock.month_bounds("2026-12")[1] == clock.month_bounds("2027-01")[0]


@given(moments)
def test_every_moment_lies_in_its_month(at: datetime) -> None:
    start, end = clock.month_bounds(clock.month_of(at))
    assert start <= at < end


@given(moments)
def test_the_month_before_the_next_is_the_same(at: datetime) -> None:
    month = clock.month_of(at)
    assert clock.previous_month(clock.next_month(month)) == month
    assert clock.next_month(clock.previous_month(month)) == month


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-1", "26-01", "2026-Q1", "", "0000-01", "2026-01 "]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        clock.month_bounds(text)


def test_a_moment_without_offset_has_no_business_date() -> None:
    with pytest.raises(ValueError, match="offset"):
        clock.business_date(datetime(2026, 11, 30))  # noqa: DTZ001
