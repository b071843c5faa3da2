"""Hours of business: several intervals a day, days off and make-up workdays (调休), weekdays for unknown years."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from shared.clock import SHANGHAI, business_date

Span = tuple[datetime, datetime]
Intervals = tuple[tuple[int, int], ...]
"""Minutes of the day: start included, end not."""

DAY = timedelta(days=1)
MINUTES_A_DAY = 24 * 60
FEWEST_MINUTES_A_WEEK = 600
"""With fewer open minutes the longest limit a policy may give would end years from now."""
FURTHEST = timedelta(days=1100)
SATURDAY = 6


class CalendarNeverOpens(ValueError):
    """A calendar without an open minute would let no clock end."""


@dataclass(frozen=True, slots=True)
class DayRules:
    """Days that differ from their weekday. `years` are those the State Council's notice was loaded for."""

    version: int
    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_workday(self, day: date) -> bool:
        """By the table; a year that is not in it goes by the weekday."""
        if day in self.off:
            return False
        return day in self.on or day.isoweekday() < SATURDAY


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """One hall's hours, in one version, together with the days of one version."""

    version: int
    hours: Mapping[int, Intervals]
    """By ISO weekday, 1 = Monday."""
    holiday: Intervals
    """On days off by the table."""
    makeup: Intervals
    """On weekend days that are workdays by the table."""
    days: DayRules = field(default_factory=lambda: DayRules(0))

    def intervals(self, day: date) -> Intervals:
        if day in self.days.off:
            return self.holiday
        return self.makeup if day in self.days.on else self.hours.get(day.isoweekday(), ())

    def open_on(self, day: date) -> list[Span]:
        """The open intervals of a day, as moments."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
        minutes = self.intervals(day)
        return [(_at(midnight, start), _at(midnight, end)) for start, end in minutes]

    def open_between(self, start: datetime, end: datetime | None) -> Iterator[Span]:
        """The open intervals from `start` on, in order, cut at both ends."""
        last = end if end is not None else start + FURTHEST
        day = business_date(start)
        while day <= business_date(last):
            for opens, closes in self.open_on(day):
                cut = max(opens, start), min(closes, last)
                if cut[0] < cut[1]:
                    yield cut
            day += DAY
        if end is None:
            raise CalendarNeverOpens


def natural_between(start: datetime, end: datetime | None) -> Iterator[Span]:
    """Every minute of every day counts."""
    last = end if end is not None else start + FURTHEST
    if start < last:
        yield start, last


def check_intervals(intervals: Sequence[tuple[int, int]]) -> None:
    """In order, apart from each other, inside one day. Raises ValueError with the reason in Chinese."""
    if any(not 0 <= start < end <= MINUTES_A_DAY for start, end in intervals):
        raise ValueError("每个时段的结束应晚于开始，且在一天之内")
    if any(before[1] > after[0] for before, after in pairwise(intervals)):
        raise ValueError("同一天的时段应按先后排列，互不重叠")


def is_workable(hours: Mapping[int, Intervals]) -> bool:
    """Whether a week has enough open minutes for clocks to go by."""
    return sum(end - start for spans in hours.values() for start, end in spans) >= FEWEST_MINUTES_A_WEEK


def hours_of(opening: Iterable[Mapping[str, object]]) -> dict[int, Intervals]:
    """Intervals by weekday from the directory's opening hours (`weekdays`, `opens`, `closes`)."""
    spans: dict[int, set[tuple[int, int]]] = {}
    for part in opening:
        span = minute_of(str(part["opens"])), minute_of(str(part["closes"])) or MINUTES_A_DAY
        for weekday in part["weekdays"]:  # type: ignore[attr-defined]
            spans.setdefault(int(weekday), set()).add(span)
    return {weekday: tuple(sorted(found)) for weekday, found in sorted(spans.items())}


def minute_of(text: str) -> int:
    """Minute of the day of `HH:MM[:SS]`; 24:00 is the end of the day."""
    hours, minutes = text.split(":")[:2]
    minute = int(hours) * 60 + int(minutes)
    if not 0 <= minute <= MINUTES_A_DAY:
        raise ValueError("时间应在 00:00 与 24:00 之间")
    return minute


def text_of(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _at(midnight: datetime, minute: int) -> datetime:
    # Through UTC: adding to a local time would count wall-clock minutes.
    return midnight.astimezone(UTC) + timedelta(minutes=minute)
