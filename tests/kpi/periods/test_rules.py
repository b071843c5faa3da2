"""Months and quarters at the hall's time."""

from datetime import UTC, date, datetime

import pytest

from services.kpi.periods.rules import NotAPeriod, Period, last_months, open_periods, quarter_of


def test_a_quarter_is_its_three_months() -> None:
    quarter = Period.parse("2026-Q4")
    assert quarter.months == ("2026-10", "2026-11", "2026-12")
    assert (quarter.first_day, quarter.last_day) == (date(2026, 10, 1), date(2026, 12, 31))
    assert quarter.ends_at == datetime(2026, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026", "2026-13", "2026-00", "2026-Q5", "2026-1", "2026-10-01", "", "２０２６-10"]
)
def test_anything_else_is_not_a_period(text: str) -> None:
    with pytest.raises(NotAPeriod):
        Period.parse(text)


def test_the_period_before_and_the_one_a_year_ago() -> None:
    assert Period.parse("2026-01").previous().code == "2025-12"
    assert Period.parse("2026-Q1").previous().code == "2025-Q4"
    assert Period.parse("2026-Q3").a_year_ago().code == "2025-Q3"
    assert quarter_of("2026-09").code == "2026-Q3"


def test_at_the_turn_of_a_month_the_nightly_run_looks_after_both() -> None:
    first_night = datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    assert [p.code for p in open_periods(first_night)] == ["2026-11", "2026-10", "2026-Q4", "2026-Q3"]


def test_the_last_months_come_oldest_first() -> None:
    assert last_months("2026-02", 3) == ["2025-12", "2026-01", "2026-02"]
