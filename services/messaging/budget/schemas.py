"""The answer to "how often may this customer still be written to this month"."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from services.messaging.budget import rules
from services.messaging.budget.rules import Rule, Taken
from shared import clock

LEADING_CLASS = "service"


class ClassBudget(BaseModel):
    """One class: whose slots it uses, how many of them it has used itself, what is left for it."""

    pool: str | None
    used: int
    cap: int | None
    left: int | None
    min_gap_days: int
    next_free_at: datetime | None


class BudgetRead(BaseModel):
    """The month's budget; the top line is that of the pool which service SMS use."""

    customer_id: UUID
    month: str
    pool: str | None
    used: int
    cap: int
    left: int
    next_free_at: datetime | None
    by_class: dict[str, ClassBudget]

    @classmethod
    def of(
        cls,
        customer_id: UUID,
        month: str,
        class_rules: Mapping[str, Rule],
        taken: Sequence[Taken],
        at: datetime,
    ) -> Self:
        leading = class_rules[LEADING_CLASS]
        used = _used(taken, leading.pool, month)
        return cls(
            customer_id=customer_id,
            month=month,
            pool=leading.pool,
            used=used,
            cap=leading.cap,
            left=max(0, leading.cap - used),
            next_free_at=rules.next_free_at(leading, taken, at),
            by_class={
                name: _class_budget(rule, taken, month, at) for name, rule in sorted(class_rules.items())
            },
        )


def _class_budget(rule: Rule, taken: Sequence[Taken], month: str, at: datetime) -> ClassBudget:
    own = sum(1 for t in taken if t.message_class == rule.message_class and t.month == month)
    if rule.pool is None:
        return ClassBudget(pool=None, used=own, cap=None, left=None, min_gap_days=0, next_free_at=None)
    return ClassBudget(
        pool=rule.pool,
        used=own,
        cap=rule.cap,
        left=max(0, rule.cap - _used(taken, rule.pool, month)),
        min_gap_days=rule.min_gap_days,
        next_free_at=rules.next_free_at(rule, taken, at),
    )


def _used(taken: Sequence[Taken], pool: str | None, month: str) -> int:
    return sum(1 for t in taken if (t.pool, t.month) == (pool, month))


def moment_in(month: str, now: datetime) -> datetime:
    """Now, or the first moment of another month that is asked about."""
    return now if clock.month_of(now) == month else clock.month_bounds(month)[0]
