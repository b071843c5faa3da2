"""On which days a month's service SMS leave, and counts that add up."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.plans import rules

DAY = timedelta(days=1)
MONTHS = st.dates(date(2024, 1, 1), date(2030, 12, 31)).map(lambda d: f"{d:%Y-%m}")
BORDERS = st.integers(1, 31)


class Weekdays:
    """Monday to Friday."""

    def is_workday(self, day: date) -> bool:
        return day.weekday() < 5


class Never:
    """A hall that is always closed."""

    def is_workday(self, day: date) -> bool:
        return False


def test_service_sms_leave_on_workdays_outside_the_busy_days() -> None:
    days = rules.service_days("2026-11", 25, 5, Weekdays(), date(2026, 10, 29))
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 6), date(2026, 11, 24), 13)


@given(MONTHS, BORDERS, BORDERS, st.integers(-40, 31))
def test_a_quiet_workday_ahead_is_always_preferred_and_no_day_lies_behind(
    month: str, busy_from: int, busy_to: int, offset: int
) -> None:
    first, last = rules.days_of_month(month)
    today = first + offset * DAY
    days = rules.service_days(month, busy_from, busy_to, Weekdays(), today)
    ahead = [first + n * DAY for n in range((last - first).days + 1) if first + n * DAY >= today]
    good = [d for d in ahead if d.weekday() < 5 and not rules.is_busy(d, busy_from, busy_to)]
    assert set(days) <= set(ahead)
    assert bool(days) == bool(ahead), "whoever is owed a message gets a day while the month lasts"
    assert days == good or not good


def test_without_quiet_workdays_a_quiet_day_and_else_any_day_will_do() -> None:
    assert rules.service_days("2026-11", 25, 5, Never(), date(2026, 11, 23)) == [
        date(2026, 11, 23), date(2026, 11, 24),
    ]  # fmt: skip
    assert rules.service_days("2026-11", 25, 5, Weekdays(), date(2026, 11, 29))[0] == date(2026, 11, 29)
    assert rules.service_days("2026-11", 25, 5, Weekdays(), date(2026, 12, 1)) == []


def test_busy_days_reach_over_the_end_of_the_month_or_lie_within_it() -> None:
    assert [d for d in range(1, 31) if rules.is_busy(date(2026, 11, d), 25, 5)] == [
        *range(1, 6),
        *range(25, 31),
    ]
    assert [d for d in range(1, 31) if rules.is_busy(date(2026, 11, d), 10, 12)] == [10, 11, 12]


def test_greetings_leave_on_the_day_itself_or_not_at_all() -> None:
    festival = date(2026, 10, 1)
    assert rules.greeting_days(festival, festival) == [festival]
    assert rules.greeting_days(festival, festival + DAY) == []


STATUSES = st.sampled_from(
    ["planned", "held", "queued", "submitting", "accepted", "delivered", "failed", "unknown", "suppressed", "expired"]
)  # fmt: skip
ROWS = st.lists(st.tuples(STATUSES, st.sampled_from([None, "no-consent", "cap-reached"]), st.integers(0, 99)))


@given(st.integers(0, 999), ROWS)
def test_everybody_of_a_plan_is_in_exactly_one_place(
    waiting: int, rows: list[tuple[str, str | None, int]]
) -> None:
    p = rules.tally(waiting, rows)
    assert p.planned == waiting + sum(count for _s, _r, count in rows)
    assert p.planned == p.pending + p.sent + p.failed + p.unknown + sum(p.suppressed.values())
