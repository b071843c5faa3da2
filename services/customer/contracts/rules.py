"""When a contract is to be remembered: so many days before its end, each day once."""

from collections.abc import Iterable
from datetime import date, timedelta

from shared.errors import FieldError

USUAL_DAYS = (30, 7)
MOST_DAYS = 365


def wrong_dates(starts_on: date, ends_on: date) -> list[FieldError]:
    if ends_on >= starts_on:
        return []
    return [FieldError("/ends_on", "ends-before-start", "到期日不能早于生效日。")]


def next_reminder(ends_on: date, days: Iterable[int], after: date) -> date | None:
    """The earliest day on or after `after` on which somebody is to be reminded; None when there is none left."""
    return min((day for day in _days_of(ends_on, days) if day >= after), default=None)


def days_before(ends_on: date, due_on: date) -> int:
    return (ends_on - due_on).days


def _days_of(ends_on: date, days: Iterable[int]) -> list[date]:
    return [ends_on - timedelta(days=before) for before in days]
