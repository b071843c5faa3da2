"""What the calendar needs from outside: somebody who knows the days off, and somebody who knows the moon."""

from collections.abc import Sequence
from typing import Protocol

from services.messaging.calendar.rules import Noted


class DaySource(Protocol):
    """A source of days."""

    name: str

    def days_of(self, year: int) -> Sequence[Noted] | None:
        """The days of a year, None when the source does not know that year."""
        ...
