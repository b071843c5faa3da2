"""Hours and days of a hall: intervals of a day, the busy period around the turn of the month, effective dates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Literal

from shared.security.roles import COUNTY_ROLES, HALL_ROLES

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BUSY_FROM_DAY, BUSY_TO_DAY = 25, 5
DAY_ENDS = 24 * 60

Place = Literal["hall", "county", "office"]
Interval = Sequence[str]
Hours = dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody was, where, from which day to which, both included; open when there is no end."""

    role: str
    county: str | None
    hall: str | None
    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        return is_effective(day, self.start, self.end)


DEFAULT_OPENING: Hours = {day: [["09:00", "18:00"]] for day in WEEKDAYS}
SMS_FROM, SMS_UNTIL = time(8), time(21)
ALWAYS: Hours = {day: [["00:00", "24:00"]] for day in WEEKDAYS}


def minute_of(text: str) -> int:
    """Minute of the day of "HH:MM"; "24:00" is the end of the day. Raises ValueError."""
    hours, _, minutes = text.partition(":")
    if not (len(hours) == len(minutes) == 2 and hours.isascii() and (hours + minutes).isdigit()):
        raise ValueError("时间应写作 HH:MM")
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > DAY_ENDS:
        raise ValueError("时间应在 00:00 与 24:00 之间")
    return minute


def check_intervals(intervals: Iterable[Interval]) -> None:
    """Each interval ends after it starts; they come in order and do not overlap. Raises ValueError."""
    spans = [(minute_of(start), minute_of(end)) for start, end in intervals]
    if any(start >= end for start, end in spans):
        raise ValueError("时段的结束应晚于开始")
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        raise ValueError("时段应按先后排列，互不重叠")


def time_of(text: str) -> time:
    """The time of "HH:MM"; the end of the day, "24:00", is midnight as the published language has it."""
    minute = minute_of(text) % DAY_ENDS
    return time(minute // 60, minute % 60)


def is_within(intervals: Iterable[Interval], minute: int) -> bool:
    """Whether the minute of the day lies in one of the intervals (start included, end not)."""
    return any(minute_of(start) <= minute < minute_of(end) for start, end in intervals)


def is_busy(day: date, from_day: int = BUSY_FROM_DAY, to_day: int = BUSY_TO_DAY) -> bool:
    """Whether the hall is in its busy period, both days included; 25→5 runs over the end of the month (C10)."""
    if from_day <= to_day:
        return from_day <= day.day <= to_day
    return day.day >= from_day or day.day <= to_day


def place_of(role: str) -> Place:
    """Which kind of place somebody of this role belongs to."""
    if role in HALL_ROLES:
        return "hall"
    return "county" if role in COUNTY_ROLES else "office"


def is_effective(day: date, effective_from: date, effective_to: date | None) -> bool:
    """Whether an entry counts on that day; both ends included, open when there is no end."""
    return effective_from <= day and (effective_to is None or day <= effective_to)


def in_order(effective_from: date, effective_to: date | None) -> bool:
    return effective_to is None or effective_from <= effective_to


def post_on(posts: Iterable[Post], day: date) -> Post | None:
    return next((post for post in posts if post.covers(day)), None)


def moved(posts: Sequence[Post], to: Post) -> list[Post]:
    """The posts when `to` begins: the one before ends the day before, whatever was planned for later is dropped."""
    kept = [post for post in posts if post.start < to.start]
    if kept and kept[-1].covers(to.start):
        if replace(to, start=kept[-1].start, end=kept[-1].end) == kept[-1]:
            return [*kept[:-1], replace(kept[-1], end=to.end)]
        kept[-1] = replace(kept[-1], end=to.start - timedelta(days=1))
    return [*kept, to]


def employed(posts: Sequence[Post], start: date, end: date | None) -> list[Post]:
    """The posts of somebody employed from `start` to `end`: the first begins then, the last ends then."""
    kept = [
        post
        for post in posts
        if (end is None or post.start <= end) and (post.end is None or post.end >= start)
    ]
    if not kept:
        return [replace(posts[-1], start=start, end=end)]
    kept[0] = replace(kept[0], start=start)
    kept[-1] = replace(kept[-1], end=end)
    return kept
