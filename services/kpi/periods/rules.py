"""What a period is: a business month `YYYY-MM` or a quarter `YYYY-Qn`, both at the hall's time."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from shared import clock

_PERIOD = re.compile(r"(?P<year>[1-9][0-9]{3})-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4]))")


class NotAPeriod(ValueError):
    """The text is neither a month nor a quarter."""


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a quarter by its code."""

    code: str
    months: tuple[str, ...]

    @classmethod
    def parse(cls, code: str) -> Self:
        """Raises `NotAPeriod`."""
        match = _PERIOD.fullmatch(code)
        if match is None:
            raise NotAPeriod(code)
        if match["month"]:
            return cls(code, (code,))
        first = 3 * int(match["quarter"]) - 2
        return cls(code, tuple(f"{match['year']}-{first + i:02d}" for i in range(3)))

    @property
    def is_quarter(self) -> bool:
        return len(self.months) == 3

    @property
    def first_day(self) -> date:
        return date.fromisoformat(f"{self.months[0]}-01")

    @property
    def last_day(self) -> date:
        return date.fromisoformat(f"{clock.next_month(self.months[-1])}-01") - timedelta(days=1)

    @property
    def ends_at(self) -> datetime:
        return clock.month_bounds(self.months[-1])[1]

    def previous(self) -> "Period":
        """The month before a month, the quarter before a quarter."""
        month = clock.previous_month(self.months[0])
        return quarter_of(month) if self.is_quarter else Period.parse(month)

    def a_year_ago(self) -> "Period":
        return Period.parse(f"{int(self.code[:4]) - 1}{self.code[4:]}")


def quarter_of(month: str) -> Period:
    return Period.parse(f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}")


def open_periods(now: datetime) -> list[Period]:
    """What a nightly run looks after: this month and quarter, and the ones before, which late events still reach."""
    month = Period.parse(clock.month_of(now))
    quarter = quarter_of(month.code)
    return [month, month.previous(), quarter, quarter.previous()]


def last_months(month: str, count: int) -> list[str]:
    """That month and those before it, oldest first."""
    found = [month]
    while len(found) < count:
        found.append(clock.previous_month(found[-1]))
    return found[::-1]
