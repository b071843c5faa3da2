"""Computing the proof of the cap for a month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.budget import repository as budget
from services.messaging.budget.rules import Rule, rules_on
from services.messaging.proofs import repository
from shared import clock
from shared.security.tenancy import Area

SHOWN = 200


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


async def prove_cap(session: AsyncSession, month: str, area: Area) -> CapProof:
    """Count what gateways answered about messages submitted in the calendar month of Asia/Shanghai."""
    since, until = clock.month_bounds(month)
    by_class = await repository.counts_by_class(session, since, until, area)
    pools, violations = [], []
    settings = _in_force(await budget.all_rules(session), month)
    for pool, rules in _by_pool(settings).items():
        classes, cap = tuple(sorted({r.message_class for r in rules})), max(r.cap for r in rules)
        customers = await repository.customers_reached(session, since, until, area, classes)
        pools.append(Pool(pool, classes, cap, customers, sum(by_class.get(c, 0) for c in classes)))
        over = await repository.customers_over(session, since, until, area, classes, cap, SHOWN)
        violations += [Violation(customer_id, pool, count, cap) for customer_id, count in over]
    capped = {name for pool in pools for name in pool.classes}
    exempt = {name: count for name, count in sorted(by_class.items()) if name not in capped}
    return CapProof(month, tuple(pools), exempt, tuple(violations))


def _in_force(rules: Iterable[Rule], month: str) -> list[Rule]:
    """Every setting that held on some day of the month."""
    since, until = clock.month_bounds(month)
    first, last = clock.business_date(since), clock.business_date(until) - timedelta(days=1)
    known = list(rules)
    begun: set[date] = {first, *(r.effective_from for r in known if first < r.effective_from <= last)}
    held = {(r.message_class, r.effective_from): r for day in begun for r in rules_on(known, day).values()}
    return list(held.values())


def _by_pool(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    pools: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.pool is not None:
            pools.setdefault(rule.pool, []).append(rule)
    return dict(sorted(pools.items()))
