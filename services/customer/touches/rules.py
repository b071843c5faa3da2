"""The follow-up clock in calendar days of Shanghai: upcoming, due, late, overdue, and the ladder's days.

A contact on day d is owed again on d + target days (`due_on`), and no later than on d + longest gap (`latest_on`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from shared import clock


class State(StrEnum):
    """Where an open follow-up stands on a day."""

    UPCOMING = "upcoming"
    DUE = "due"
    LATE = "late"
    OVERDUE = "overdue"


IN_WORDS = {
    State.UPCOMING: "未到期",
    State.DUE: "今天到期",
    State.LATE: "已过目标日",
    State.OVERDUE: "已逾期",
}
TONES = {State.UPCOMING: "plain", State.DUE: "good", State.LATE: "warn", State.OVERDUE: "bad"}
STEPS_IN_WORDS = {"clerk": "客户经理", "hall_manager": "营业厅经理", "county": "区县"}


@dataclass(frozen=True, slots=True)
class Cadence:
    """A tier's target and longest gap between two contacts, in days."""

    target_days: int
    max_days: int


@dataclass(frozen=True, slots=True)
class Due:
    """The day on which a contact is owed, and the last one on which it is in time."""

    due_on: date
    latest_on: date


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the ladder and the day of lateness on which it is reached; 1 is the first day after `latest_on`."""

    step: str
    days: int


def due_after(since: datetime, cadence: Cadence) -> Due:
    """When the next contact is owed after one at `since`."""
    day = clock.business_date(since)
    return Due(day + timedelta(days=cadence.target_days), day + timedelta(days=cadence.max_days))


def state_on(today: date, due_on: date, latest_on: date) -> State:
    """Upcoming before the target day, due on it, late after it, overdue after the last day."""
    if today > latest_on:
        return State.OVERDUE
    if today > due_on:
        return State.LATE
    return State.DUE if today == due_on else State.UPCOMING


def next_step_on(latest_on: date, ladder: Sequence[Step], taken: int) -> date | None:
    """The day on which the next step is reached when so many are taken; None at the top."""
    return latest_on + timedelta(days=ladder[taken].days) if taken < len(ladder) else None


def start_of(day: date) -> datetime:
    """The day's first moment at the hall, in UTC."""
    return datetime.combine(day, time(), tzinfo=clock.SHANGHAI).astimezone(UTC)


def minute_of(at: datetime) -> datetime:
    """The minute a contact belongs to: the same person contacts the same customer by the same means once a minute."""
    return at.replace(second=0, microsecond=0)


class Plan:
    """What clocks run by: each tier's cadence with the version of its strategy, and the ladder."""

    def __init__(self, cadences: Mapping[str, tuple[Cadence, int]], ladder: Sequence[Step]) -> None:
        self.cadences, self.ladder = cadences, ladder

    def clock_of(self, tier: str, since: datetime, *, taken: int) -> dict[str, Any]:
        """The columns of a follow-up that its tier and last contact decide."""
        cadence, version = self.cadences[tier]
        due = due_after(since, cadence)
        return {
            "since": since,
            "since_on": clock.business_date(since),
            "due_on": due.due_on,
            "latest_on": due.latest_on,
            "strategy_version": version,
            "steps_taken": taken,
            "next_step_on": next_step_on(due.latest_on, self.ladder, taken),
        }
