"""Which limits a ticket has: policies are rows, the most specific row of each clock wins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

ANY = "*"
FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, LEGAL = "first_response", "next_response", "resolution", "legal"
CLOCKS = (FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, LEGAL)
BUSINESS, NATURAL = "business", "natural"
LEGAL_MINUTES = 15 * 24 * 60
"""A complaint is answered within 15 natural days (电信用户申诉处理办法); no policy may allow more."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a policy looks at."""

    kind: str
    category: str
    source: str
    tier: str | None


@dataclass(frozen=True, slots=True)
class Limit:
    """How long one clock may run, when it warns, which minutes count, and whether waiting for the customer stops it."""

    clock: str
    limit: timedelta
    warn: timedelta
    basis: str
    pausable: bool


class PolicyRow(Protocol):
    """One row of a policy."""

    kind: str
    category: str
    source: str
    tier: str
    clock: str
    minutes: int
    warn_minutes: int
    basis: str
    pausable: bool


def limits_for(rows: Iterable[PolicyRow], subject: Subject) -> dict[str, Limit]:
    """The limit of each clock that any row gives to the subject. Category weighs most, then source, tier, kind."""
    best: dict[str, tuple[int, PolicyRow]] = {}
    for row in rows:
        weight = _weight(row, subject)
        if weight is not None and (row.clock not in best or weight > best[row.clock][0]):
            best[row.clock] = weight, row
    return {clock: _limit(best[clock][1]) for clock in CLOCKS if clock in best}


def check_rows(rows: Iterable[PolicyRow]) -> None:
    """Raises ValueError with the reason in Chinese."""
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        key = row.kind, row.category, row.source, row.tier, row.clock
        if key in seen:
            raise ValueError(f"{row.clock} 的同一适用范围出现了两次")
        seen.add(key)
        if not 0 < row.warn_minutes <= row.minutes:
            raise ValueError(f"{row.clock} 的预警时间应大于零且不晚于时限")
        if row.clock == LEGAL and (row.minutes > LEGAL_MINUTES or row.basis != NATURAL or row.pausable):
            raise ValueError("法定时限最长 15 个自然日，按自然日计算，不能暂停")
    if not any(key[-1] == LEGAL and set(key[:-1]) <= {ANY, "complaint"} for key in seen):
        raise ValueError("缺少投诉的法定时限（legal）")


def _weight(row: PolicyRow, subject: Subject) -> int | None:
    weight = 0
    pairs = (
        (row.category, subject.category, 8),
        (row.source, subject.source, 4),
        (row.tier, subject.tier, 2),
        (row.kind, subject.kind, 1),
    )
    for wanted, given, points in pairs:
        if wanted != ANY:
            if wanted != given:
                return None
            weight += points
    return weight


def _limit(row: PolicyRow) -> Limit:
    return Limit(
        clock=row.clock,
        limit=timedelta(minutes=row.minutes),
        warn=timedelta(minutes=row.warn_minutes),
        basis=row.basis,
        pausable=row.pausable,
    )
