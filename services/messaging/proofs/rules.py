"""The proof's form, and which settings held in a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from services.messaging.budget.rules import Rule, rules_on
from shared import clock


@dataclass(frozen=True, slots=True)
class Pool:
    """Classes that share slots, the cap of the month, and what left the house of them."""

    pool: str
    classes: tuple[str, ...]
    cap: int
    customers: int
    messages: int


@dataclass(frozen=True, slots=True)
class Violation:
    """A customer who got more than the cap."""

    customer_id: UUID
    pool: str
    count: int
    cap: int


@dataclass(frozen=True, slots=True)
class CapProof:
    """The month's proof; it holds when there are no violations."""

    month: str
    pools: tuple[Pool, ...]
    exempt: dict[str, int]
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class WithoutConsent:
    """A message that left the house without a consent given before."""

    message_id: UUID
    customer_id: UUID | None
    message_class: str
    submitted_at: datetime
    consent_id: UUID | None


@dataclass(frozen=True, slots=True)
class ConsentProof:
    """The month's proof; it holds when there are no violations."""

    month: str
    checked: dict[str, int]
    violations: tuple[WithoutConsent, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the month in which these classes used one pool, or none."""

    since: datetime
    until: datetime
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PoolMonth:
    """Which classes used a pool in which parts of the month, and the highest cap it had."""

    spans: tuple[Span, ...]
    cap: int

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({name for span in self.spans for name in span.classes}))


def pools_of(rules: Iterable[Rule], month: str) -> dict[str | None, PoolMonth]:
    """Every pool of the month, and the exempt classes under None: a class may change its pool on any day."""
    found: dict[str | None, PoolMonth] = {}
    known = list(rules)
    for since, until in _parts(known, month):
        held = rules_on(known, clock.business_date(since)).values()
        for pool in {rule.pool for rule in held}:
            using = [rule for rule in held if rule.pool == pool]
            span = Span(since, until, tuple(sorted(rule.message_class for rule in using)))
            before = found.get(pool, PoolMonth((), 0))
            found[pool] = PoolMonth((*before.spans, span), max(before.cap, *(rule.cap for rule in using)))
    return found


def _parts(rules: Iterable[Rule], month: str) -> list[tuple[datetime, datetime]]:
    """The month, cut where a setting begins."""
    since, until = clock.month_bounds(month)
    begins = {
        datetime(d.year, d.month, d.day, tzinfo=clock.SHANGHAI) for d in {r.effective_from for r in rules}
    }
    cuts = [since, *sorted(moment for moment in begins if since < moment < until), until]
    return list(pairwise(cuts))
