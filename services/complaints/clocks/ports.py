"""What this capability needs from outside: somebody who knows the State Council's days off."""

from datetime import date
from typing import NamedTuple, Protocol


class ExceptionalDay(NamedTuple):
    """A day that differs from its weekday."""

    day: date
    is_workday: bool
    name: str


class HolidaySource(Protocol):
    """A source of exceptional days."""

    name: str

    def days_of(self, year: int) -> list[ExceptionalDay] | None:
        """The exceptional days of a year, None when the source does not know that year."""
        ...
