"""On which days of its month a hall's messages leave (M2, M3), and what a plan may become. All days are Shanghai's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, Protocol

from shared import clock

DRAFT, APPROVED, CANCELLED = "draft", "approved", "cancelled"
STATE_NAMES = {DRAFT: "待审批", APPROVED: "已审批", CANCELLED: "已取消"}
SERVICE, HOLIDAY = "service", "holiday"
PlannedClass = Literal["service", "holiday"]
CLASS_NAMES = {SERVICE: "服务短信", HOLIDAY: "节日问候"}
AHEAD = timedelta(days=3)
"""How long before its first day a plan is laid out."""
GREETINGS_AHEAD = timedelta(days=30)
LATEST = timedelta(days=31)
"""How long after its last day a plan is still looked at, so that whoever missed their turn is told so."""


class Workdays(Protocol):
    """Who knows on which days the hall works."""

    def is_workday(self, day: date) -> bool: ...


def days_of_month(month: str) -> tuple[date, date]:
    """First and last day."""
    since, until = clock.month_bounds(month)
    return clock.business_date(since), clock.business_date(until) - timedelta(days=1)


def is_busy(day: date, busy_from: int, busy_to: int) -> bool:
    """Whether the hall is busy then: from one day of the month to another, usually of the next month."""
    if busy_from <= busy_to:
        return busy_from <= day.day <= busy_to
    return day.day >= busy_from or day.day <= busy_to


def service_days(month: str, busy_from: int, busy_to: int, calendar: Workdays, today: date) -> list[date]:
    """The days over which the month's service SMS are spread: those ahead, worked, and outside the busy ones.

    Where none of them is left any day outside the busy ones will do, then any day ahead: late is better than never,
    since at least one a month is owed. Empty when the month is over.
    """
    first, last = days_of_month(month)
    begins = max(first, today)
    ahead = [begins + timedelta(days=n) for n in range((last - begins).days + 1)]
    quiet = [day for day in ahead if not is_busy(day, busy_from, busy_to)]
    return [day for day in quiet if calendar.is_workday(day)] or quiet or ahead


def greeting_days(day: date, today: date) -> list[date]:
    """Greetings leave on the festival itself or not at all."""
    return [day] if day >= today else []


@dataclass(frozen=True, slots=True)
class Progress:
    """Where everybody of a plan is: `planned` = `pending` + `sent` + `failed` + `unknown` + all `suppressed`."""

    planned: int = 0
    pending: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the customers who agreed to a class, who had at least one of it in the month."""

    agreed: int = 0
    reached: int = 0

    @property
    def uncovered(self) -> int:
        return self.agreed - self.reached


_PENDING = ("planned", "held", "queued", "submitting")
_SENT = ("accepted", "delivered")


def tally(waiting: int, messages: Iterable[tuple[str, str | None, int]]) -> Progress:
    """From the entries that have not had their turn and the messages of those that have, by status and reason."""
    by_status: dict[str, int] = {}
    suppressed: dict[str, int] = {}
    for status, reason, count in messages:
        if status in ("suppressed", "cancelled", "expired"):
            name = reason or status
            suppressed[name] = suppressed.get(name, 0) + count
        else:
            by_status[status] = by_status.get(status, 0) + count
    pending = waiting + sum(by_status.get(s, 0) for s in _PENDING)
    return Progress(
        planned=waiting + sum(by_status.values()) + sum(suppressed.values()),
        pending=pending,
        sent=sum(by_status.get(s, 0) for s in _SENT),
        failed=by_status.get("failed", 0),
        unknown=by_status.get("unknown", 0),
        suppressed=dict(sorted(suppressed.items())),
    )
