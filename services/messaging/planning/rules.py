"""When a message may be sent, how releases spread, when an introduction is due (M1). All hours are Shanghai's."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from shared import clock

DAY = 1440
INTRO_DAYS = 7

Interval = tuple[int, int]
R = TypeVar("R")


def intervals(starts: int, ends: int) -> list[Interval]:
    """Minutes of the day from one to the other; over midnight when the end is before the start, all day when equal."""
    if starts % DAY == ends % DAY:
        return [(0, DAY)]
    parts = [(starts, ends)] if starts < ends else [(0, ends), (starts, DAY)]
    return [(start, end) for start, end in parts if start < end]


def common(some: Iterable[Interval], others: Sequence[Interval]) -> list[Interval]:
    """The minutes that lie in both."""
    met = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return sorted((start, end) for start, end in met if start < end)


def allowed(hall_hours: Sequence[Interval] | None, class_hours: Sequence[Interval]) -> list[Interval]:
    """What both the hall and the class allow; where they never meet the hall's hours stand."""
    if hall_hours is None:
        return list(class_hours)
    return common(hall_hours, class_hours) or list(hall_hours)


def is_allowed(at: datetime, hours: Sequence[Interval]) -> bool:
    minute = _minute(at)
    return any(start <= minute < end for start, end in hours)


def next_allowed(at: datetime, hours: Sequence[Interval]) -> datetime:
    """`at` itself where it is allowed, else the start of the next interval."""
    if is_allowed(at, hours):
        return at
    midnight = at.astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [
        midnight + timedelta(days=day, minutes=start) for day in (0, 1) for start, _end in sorted(hours)
    ]
    return next(start for start in starts if start > at)


def spread(at: datetime, hours: Sequence[Interval], share: float, room: timedelta) -> datetime:
    """Into the first `room` after opening, so that not everything held overnight leaves at once; at most half of
    what is open. `share` is from 0 to 1.
    """
    minute = _minute(at)
    end = next((end for start, end in hours if start <= minute < end), minute)
    return at + min(room, timedelta(minutes=(end - minute) / 2)) * share


def share_of(number: int) -> float:
    """A stable share for an id: the same message is always spread to the same place."""
    return (number % 10_007) / 10_007


def intro_deadline(stored_at: datetime | None, archived_at: datetime, agreed_at: datetime | None) -> datetime:
    """Seven days from storing the number, or from archiving; from the consent when it came later."""
    begins = stored_at or archived_at
    if agreed_at is not None and agreed_at > begins:
        begins = agreed_at
    return begins + timedelta(days=INTRO_DAYS)


def request_id(client: str, key: str) -> str:
    """A client's own key as a name for its request: the same for ever, and shown to nobody."""
    return hashlib.sha256(f"{client}\n{key}".encode()).hexdigest()


def _minute(at: datetime) -> int:
    local = at.astimezone(clock.SHANGHAI)
    return local.hour * 60 + local.minute


def choose_route(routes: Mapping[tuple[str, str], R], hall: str | None, message_class: str) -> R:
    """The most exact route: hall and class, hall, class, anything."""
    keys = [(hall or "*", message_class), (hall or "*", "*"), ("*", message_class), ("*", "*")]
    return next(routes[key] for key in keys if key in routes)
