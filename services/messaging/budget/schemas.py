"""The answer to "how often may this customer still be written to this month", and the dated settings behind it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.messaging.budget import rules
from services.messaging.budget.models import ClassRule
from services.messaging.budget.rules import Rule, Taken
from shared import clock

LEADING_CLASS = "service"


class ClassBudget(BaseModel):
    """One class: whose slots it uses, how many of them it has used itself, what is left for it."""

    pool: str | None
    shared_with: list[str] = Field(description="Every class that uses this pool, the most important first.")
    used: int
    cap: int | None
    left: int | None
    min_gap_days: int
    next_free_at: datetime | None


class BudgetRead(BaseModel):
    """The month's budget; the top line is that of the pool which service SMS use."""

    customer_id: UUID
    month: str
    window: Literal["calendar-month"] = "calendar-month"
    timezone: Literal["Asia/Shanghai"] = "Asia/Shanghai"
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
            next_free_at=rules.next_free_at(class_rules, LEADING_CLASS, taken, at),
            by_class={
                name: _class_budget(class_rules, name, taken, month, at) for name in sorted(class_rules)
            },
        )


def _class_budget(
    class_rules: Mapping[str, Rule], name: str, taken: Sequence[Taken], month: str, at: datetime
) -> ClassBudget:
    rule, own = class_rules[name], sum(1 for t in taken if (t.message_class, t.month) == (name, month))
    if rule.pool is None:
        return ClassBudget(
            pool=None, shared_with=[], used=own, cap=None, left=None, min_gap_days=0, next_free_at=None
        )
    served = [t.message_class for t in taken if (t.pool, t.month) == (rule.pool, month)]
    owed = rules.owed_to_others(class_rules, rule, served)
    return ClassBudget(
        pool=rule.pool,
        shared_with=rules.sharers(class_rules, name),
        used=own,
        cap=rule.cap,
        left=max(0, rule.cap - len(served) - owed),
        min_gap_days=rule.min_gap_days,
        next_free_at=rules.next_free_at(class_rules, name, taken, at),
    )


def _used(taken: Sequence[Taken], pool: str | None, month: str) -> int:
    return sum(1 for t in taken if (t.pool, t.month) == (pool, month))


def moment_in(month: str, now: datetime) -> datetime:
    """Now, or the first moment of another month that is asked about."""
    return now if clock.month_of(now) == month else clock.month_bounds(month)[0]


CappedClass = Literal["intro", "service", "holiday", "marketing", "notice", "ack", "confirmation"]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Minutes = Annotated[int, Field(ge=0, le=1440)]
_HOURS = ("sends_from", "sends_until")


class ClassRuleCreate(BaseModel):
    """A setting from a coming day on; what is left out stays as it is before that day."""

    model_config = ConfigDict(extra="forbid", validate_by_alias=True, validate_by_name=True)

    message_class: CappedClass = Field(alias="class")
    effective_from: Annotated[date, Field(le=date(2100, 12, 31))]
    pool: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")] | None = None
    cap: Annotated[int, Field(ge=0, le=31)] | None = None
    min_gap_days: Annotated[int, Field(ge=0, le=366)] | None = None
    rank: Annotated[int, Field(ge=1, le=9)] | None = None
    held_back: Annotated[int, Field(ge=0, le=31)] | None = None
    keeps_hall_hours: bool | None = None
    sends_from: TimeOfDay | None = None
    sends_until: TimeOfDay | None = None
    patience_minutes: Annotated[int, Field(ge=0, le=43200)] | None = None
    spread_minutes: Minutes | None = None
    ticket_rest_days: Annotated[int, Field(ge=0, le=366)] | None = None

    def changes(self) -> dict[str, Any]:
        """The columns this body names."""
        given = self.model_dump(exclude_none=True)
        return given | {name: _minute(given[name]) for name in _HOURS if name in given}


class ClassRuleRead(BaseModel):
    """A setting, and whether it holds today."""

    model_config = ConfigDict(serialize_by_alias=True)

    message_class: str = Field(serialization_alias="class")
    effective_from: date
    state: Literal["coming", "in-force", "past"]
    pool: str | None
    shared_with: list[str] = Field(
        description="Every class of the pool on that day, the most important first."
    )
    cap: int
    min_gap_days: int
    rank: int
    held_back: int
    keeps_hall_hours: bool
    sends_from: str
    sends_until: str
    patience_minutes: int
    spread_minutes: int
    ticket_rest_days: int

    @classmethod
    def of(cls, rule: ClassRule, book: rules.Rulebook[ClassRule], today: date) -> Self:
        held = book.on(today).get(rule.message_class) is rule
        return cls(
            **rule.model_dump(exclude=set(_HOURS)),
            state="coming" if rule.effective_from > today else "in-force" if held else "past",
            shared_with=rules.sharers(book.on(today if held else rule.effective_from), rule.message_class),
            sends_from=_text(rule.sends_from),
            sends_until=_text(rule.sends_until),
        )


class ClassRules(BaseModel):
    """Every setting, the newest first in each class."""

    items: list[ClassRuleRead]


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
