"""Days, weeks and months of work reports."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.reports import rules

KINDS = st.sampled_from(list(rules.KINDS))
DATES = st.dates(date(2000, 1, 1), date(2100, 12, 30))


@given(KINDS, DATES)
def test_every_day_lies_in_the_period_that_is_named_after_it(kind: str, day: date) -> None:
    period = rules.period_of(kind, rules.period_on(kind, day))
    assert period is not None
    noon = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    assert period.start <= noon < period.end < period.due_at


@given(DATES)
def test_weeks_follow_each_other_without_gap(day: date) -> None:
    this = rules.period_of("weekly", rules.period_on("weekly", day))
    following = rules.period_of("weekly", rules.period_on("weekly", date.fromordinal(day.toordinal() + 7)))
    assert this is not None
    assert following is not None
    assert this.end == following.start


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("daily", "2026-02-30"),
        ("daily", "20261125"),
        ("weekly", "2025-W53"),
        ("monthly", "2026-1"),
        ("yearly", "2026"),
    ],
)
def test_what_is_no_period_is_none(kind: str, name: str) -> None:
    assert rules.period_of(kind, name) is None
