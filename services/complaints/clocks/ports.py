"""What this capability needs from outside: somebody who knows the State Council's days off."""

from typing import Protocol

from shared.days_off import ExceptionalDay


class HolidaySource(Protocol):
    """A source of exceptional days."""

    name: str

    def days_of(self, year: int) -> list[ExceptionalDay] | None:
        """The exceptional days of a year, None when the source does not know that year."""
        ...
