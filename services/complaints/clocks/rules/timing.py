"""The fold: a ticket's event log becomes its clocks, and each clock's due time follows from policy and calendar.

Nothing that remains is ever stored: asked again with the same log and versions, the answer is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from services.complaints.clocks.rules.calendars import BusinessCalendar, Span, natural_between
from services.complaints.clocks.rules.policies import (
    BUSINESS,
    FIRST_RESPONSE,
    LEGAL,
    NEXT_RESPONSE,
    RESOLUTION,
    Limit,
)

OPENED, REOPENED = "opened", "reopened"
RESPONDED, CONTACTED = "responded", "contacted"
PAUSED, RESUMED = "paused", "resumed"
RESOLVED, WITHDRAWN, MERGED = "resolved", "withdrawn", "merged"

WARNING, MISSED = "warning", "missed"


class LogEntry(Protocol):
    """One line of a ticket's log, as far as clocks look at it."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def cycle(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a ticket's clocks go by, in the versions it was opened under."""

    limits: Mapping[str, Limit]
    calendar: BusinessCalendar
    policy_version: int
    required_by: datetime | None = None
    """A 10086 order's own deadline: the resolution may not come later, paused or not."""


@dataclass(frozen=True, slots=True)
class Run:
    """One clock from its start to its end. `round` counts the next responses of a cycle."""

    clock: str
    cycle: int
    round: int
    started_at: datetime
    stopped_at: datetime | None = None
    cancelled: bool = False
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()

    @property
    def is_open(self) -> bool:
        return self.stopped_at is None and not self.cancelled

    @property
    def is_paused(self) -> bool:
        return self.is_open and bool(self.pauses) and self.pauses[-1][1] is None

    def spans(self) -> list[tuple[datetime, datetime | None]]:
        """When it ran: from start to end, without its pauses; the end of the last span is open while it runs."""
        spans, start = list[tuple[datetime, datetime | None]](), self.started_at
        for paused, resumed in self.pauses:
            spans.append((start, paused))
            if resumed is None:
                return spans
            start = resumed
        return [*spans, (start, None)]


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock as it stands: its run, its limit, and what follows from them."""

    run: Run
    limit: Limit
    due_at: datetime | None
    warn_at: datetime | None
    counted: tuple[Span, ...]

    @property
    def within(self) -> bool | None:
        """Whether it was kept; None while that is open, and for clocks that were called off."""
        if self.run.stopped_at is None:
            return None
        return self.due_at is None or self.run.stopped_at <= self.due_at

    def state(self, now: datetime) -> str:
        """running, paused, met, missed, cancelled. A clock past its due time is missed even while it runs."""
        if self.run.cancelled:
            return "cancelled"
        if self.within is not None:
            return "met" if self.within else "missed"
        if self.due_at is not None and self.due_at < now:
            return "missed"
        return "paused" if self.run.is_paused else "running"


@dataclass
class _Fold:
    """The clocks of one log while it is read."""

    limits: Mapping[str, Limit]
    runs: list[Run] = field(default_factory=list)

    def read(self, entry: LogEntry) -> None:
        match entry.kind:
            case "opened" | "reopened":
                self._start(entry, FIRST_RESPONSE, RESOLUTION, LEGAL)
            case "responded":
                self._answered(entry.at)
            case "contacted":
                self._contacted(entry)
            case "paused":
                self._each(lambda run: _pause(run, entry.at) if self.limits[run.clock].pausable else run)
            case "resumed":
                self._each(lambda run: _resume(run, entry.at))
            case "resolved":
                self._each(lambda run: _stop(run, entry.at))
            case "withdrawn" | "merged":
                self._each(lambda run: replace(_resume(run, entry.at), cancelled=True))

    def _start(self, entry: LogEntry, *clocks: str, round_: int = 1) -> None:
        self.runs += [Run(clock, entry.cycle, round_, entry.at) for clock in clocks if clock in self.limits]

    def _each(self, change: "_Change") -> None:
        self.runs = [change(run) if run.is_open else run for run in self.runs]

    def _answered(self, at: datetime) -> None:
        """An answer stops the first response, or else the next one; never both."""
        waiting = FIRST_RESPONSE if self._open(FIRST_RESPONSE) else NEXT_RESPONSE
        self._each(lambda run: _stop(run, at) if run.clock == waiting else run)

    def _contacted(self, entry: LogEntry) -> None:
        """The customer asks again: a next response is owed, unless an answer is owed already or all is settled."""
        if self._open(FIRST_RESPONSE) or self._open(NEXT_RESPONSE) or not self._open(RESOLUTION):
            return
        earlier = [run for run in self.runs if run.clock == NEXT_RESPONSE and run.cycle == entry.cycle]
        self._start(entry, NEXT_RESPONSE, round_=len(earlier) + 1)

    def _open(self, clock: str) -> bool:
        return any(run.is_open for run in self.runs if run.clock == clock)


class _Change(Protocol):
    def __call__(self, run: Run, /) -> Run: ...


def _pause(run: Run, at: datetime) -> Run:
    return run if run.is_paused else replace(run, pauses=(*run.pauses, (at, None)))


def _resume(run: Run, at: datetime) -> Run:
    return replace(run, pauses=(*run.pauses[:-1], (run.pauses[-1][0], at))) if run.is_paused else run


def _stop(run: Run, at: datetime) -> Run:
    return replace(_resume(run, at), stopped_at=at)


def runs_of(log: Iterable[LogEntry], limits: Mapping[str, Limit]) -> list[Run]:
    """Every clock that the log ever started, in the order of starting."""
    fold = _Fold(limits)
    for entry in log:
        fold.read(entry)
    return fold.runs


def read_clocks(log: Sequence[LogEntry], terms: Terms) -> list[Reading]:
    """Every clock of every cycle, as it stands after the last line of the log."""
    return [_reading(run, terms) for run in runs_of(log, terms.limits)]


def _reading(run: Run, terms: Terms) -> Reading:
    limit = terms.limits[run.clock]
    counted, due = count(run.spans(), limit.limit, _calendar(limit, terms))
    _, warn = count(run.spans(), limit.warn, _calendar(limit, terms))
    if run.clock == RESOLUTION and run.cycle == 1 and terms.required_by is not None:
        due = terms.required_by if due is None else min(due, terms.required_by)
        warn = None if warn is None else min(warn, due)
    return Reading(run, limit, due, warn, tuple(counted))


def _calendar(limit: Limit, terms: Terms) -> BusinessCalendar | None:
    return terms.calendar if limit.basis == BUSINESS else None


def count(
    spans: Iterable[tuple[datetime, datetime | None]], need: timedelta, calendar: BusinessCalendar | None
) -> tuple[list[Span], datetime | None]:
    """The intervals that count, up to `need` in sum, and the moment the sum is reached; None when it is not."""
    counted, left = list[Span](), need
    for start, end in spans:
        open_spans = calendar.open_between(start, end) if calendar else natural_between(start, end)
        for opens, closes in open_spans:
            taken = min(closes - opens, left)
            counted.append((opens, opens + taken))
            left -= taken
            if not left:
                return counted, opens + taken
    return counted, None


def pending_alarm(reading: Reading, rung: Iterable[str]) -> tuple[str, datetime] | None:
    """The next warning or miss that will be due if nothing more happens, or was due before the clock stopped.

    A clock that was stopped or called off before the moment rings no more; one that stopped after it still does.
    """
    if reading.run.cancelled:
        return None
    for kind, at in ((WARNING, reading.warn_at), (MISSED, reading.due_at)):
        if at is None or kind in rung:
            continue
        if reading.run.stopped_at is None or at < reading.run.stopped_at:
            return kind, at
    return None
