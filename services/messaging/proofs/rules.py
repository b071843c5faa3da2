"""The proof's form, and which settings held in a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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


def in_force(rules: Iterable[Rule], month: str) -> list[Rule]:
    """Every setting that held on some day of the month."""
    since, until = clock.month_bounds(month)
    first, last = clock.business_date(since), clock.business_date(until) - timedelta(days=1)
    known = list(rules)
    begun: set[date] = {first, *(r.effective_from for r in known if first < r.effective_from <= last)}
    held = {(r.message_class, r.effective_from): r for day in begun for r in rules_on(known, day).values()}
    return list(held.values())


def by_pool(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    pools: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.pool is not None:
            pools.setdefault(rule.pool, []).append(rule)
    return dict(sorted(pools.items()))
