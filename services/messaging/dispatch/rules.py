"""Pace and pauses of a gateway."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=2)
FAILURES_BEFORE_PAUSE = 3
FAILURES_IN_A_ROW = 5
"""Of one batch, after which the rest of it is not tried."""
BURST = timedelta(seconds=0.5)
TURN = timedelta(seconds=0.4)
"""How long after its claim a message may leave where there is a rate; with BURST no more than a second."""
PROBE = 1
"""Messages a gateway is tried with that failed last time."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many may go now, and the moment from which the next one may."""

    allowed: int
    next_free_at: datetime


def pace(next_free_at: datetime | None, now: datetime, rate: float, wanted: int) -> Pace:
    """A steady drip (GCRA): half a second's worth at once, or one, and `rate` in every second after that.

    The other half of a second is for submissions that take a while to leave: the gateway counts when they arrive.
    """
    gap = timedelta(seconds=1 / rate)
    saved = max(gap, BURST)
    start = max(next_free_at or now - saved, now - saved)
    allowed = max(0, min(wanted, int((now - start) / gap)))
    return Pace(allowed, start + gap * allowed)


def pause(failures: int, jitter: float) -> timedelta:
    """How long a gateway that cannot be reached is left alone; doubles, ±25 % by `jitter` from 0 to 1."""
    if failures < FAILURES_BEFORE_PAUSE:
        return timedelta(0)
    doubled = FIRST_PAUSE * 2.0 ** min(failures - FAILURES_BEFORE_PAUSE, 10)
    return min(doubled, LONGEST_PAUSE) * (0.75 + jitter / 2)


def back_off(attempts: int, jitter: float) -> timedelta:
    """When a message that was provably not sent is tried again."""
    return min(FIRST_PAUSE * 2.0 ** min(attempts, 10), LONGEST_PAUSE) * (0.75 + jitter / 2)
