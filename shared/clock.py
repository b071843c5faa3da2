"""The clock and the business calendar's borders: UTC inside, Asia/Shanghai for dates and months.

Only edges call `now()`; rules and use cases are given the moment.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def business_date(at: datetime) -> date:
    """The calendar day on which `at` falls at the hall."""
    return _at_the_hall(at).date()


def month_of(at: datetime) -> str:
    """The business month of `at`, as `YYYY-MM`."""
    return f"{_at_the_hall(at):%Y-%m}"


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """First moment of the business month and of the next one, in UTC; ValueError if malformed."""
    year, number = _parts(month)
    return _first_moment(year, number), _first_moment(*_next(year, number))


def next_month(month: str) -> str:
    """The business month after `month`."""
    year, number = _next(*_parts(month))
    return f"{year:04d}-{number:02d}"


def previous_month(month: str) -> str:
    """The business month before `month`."""
    year, number = _parts(month)
    return f"{year - 1:04d}-12" if number == 1 else f"{year:04d}-{number - 1:02d}"


def months_before(at: datetime, months: int) -> datetime:
    """The same day and time at the hall so many months earlier, or that month's last day; in UTC."""
    local = _at_the_hall(at)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def _at_the_hall(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment without offset has no business date")
    return at.astimezone(SHANGHAI)


def _parts(month: str) -> tuple[int, int]:
    match = _MONTH.fullmatch(month)
    if match is None or int(match["year"]) < 1:
        raise ValueError(f"not a month of the form YYYY-MM: {month!r}")
    return int(match["year"]), int(match["month"])


def _next(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def _first_moment(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=SHANGHAI).astimezone(UTC)
