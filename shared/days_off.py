"""The State Council's days off and make-up workdays (调休), from the `chinesecalendar` package.

It follows the notices from 2004 on, a year at a time; a year whose notice came after the package is unknown.
"""

from datetime import date, timedelta
from typing import NamedTuple

import chinese_calendar

_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}
SATURDAY = 6


class ExceptionalDay(NamedTuple):
    """A day that differs from its weekday."""

    day: date
    is_workday: bool
    name: str


class ChineseCalendar:
    """Holidays and make-up workdays as the package has them."""

    name = "chinesecalendar"

    def days_of(self, year: int) -> list[ExceptionalDay] | None:
        """None for a year the package was published too early for."""
        first = date(year, 1, 1)
        days = [first + timedelta(days=n) for n in range(366) if (first + timedelta(days=n)).year == year]
        try:
            found = [_exceptional(day) for day in days]
        except NotImplementedError:
            return None
        return [day for day in found if day is not None]


def _exceptional(day: date) -> ExceptionalDay | None:
    is_off, name = chinese_calendar.get_holiday_detail(day)
    if is_off and name:
        return ExceptionalDay(day, is_workday=False, name=_NAMES.get(str(name), str(name)))
    if not is_off and day.isoweekday() >= SATURDAY:
        return ExceptionalDay(day, is_workday=True, name=f"{_NAMES.get(str(name), str(name))}调休")
    return None
