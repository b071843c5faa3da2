"""Which slot is free, which gap is kept, which setting holds on a day (M2, M3). Months are those of Asia/Shanghai."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, Literal, Protocol, TypeVar

from shared import clock


class Rule(Protocol):
    """The dated setting of one class, as far as the rules look at it."""

    message_class: str
    effective_from: date
    pool: str | None
    cap: int
    min_gap_days: int
    rank: int
    held_back: int


R = TypeVar("R", bound=Rule)


class Rulebook(Generic[R]):
    """Every dated setting, asked by the moment: what is planned for tomorrow keeps tomorrow's rules."""

    def __init__(self, rules: Iterable[R]) -> None:
        self._rules, self._days = list(rules), dict[date, dict[str, R]]()

    def on(self, day: date) -> dict[str, R]:
        if day not in self._days:
            self._days[day] = rules_on(self._rules, day)
        return self._days[day]

    def at(self, moment: datetime) -> dict[str, R]:
        return self.on(clock.business_date(moment))

    def of(self, message_class: str, moment: datetime) -> R:
        return self.at(moment)[message_class]


@dataclass(frozen=True, slots=True)
class Taken:
    """A slot in use: in which pool and month, which number, for which day and class."""

    pool: str
    month: str
    slot_no: int
    day: date
    message_class: str


@dataclass(frozen=True, slots=True)
class Free:
    """The slot a message may take."""

    pool: str
    month: str
    slot_no: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no slot may be taken, and when one may be."""

    reason: Literal["cap-reached", "min-gap"]
    next_free_at: datetime
    held_back: bool = False


def rules_on(rules: Iterable[R], day: date) -> dict[str, R]:
    """The setting of each class on that day: the latest that has begun."""
    begun = [rule for rule in rules if rule.effective_from <= day]
    return {rule.message_class: rule for rule in sorted(begun, key=lambda r: r.effective_from)}


def choose(
    rules: Mapping[str, Rule], message_class: str, taken: Sequence[Taken], send_at: datetime
) -> Free | Refused | None:
    """The lowest free slot of the month of `send_at`; None when the class has no cap."""
    rule = rules[message_class]
    if rule.pool is None:
        return None
    month, day = clock.month_of(send_at), clock.business_date(send_at)
    used = {t.slot_no: t for t in taken if (t.pool, t.month) == (rule.pool, month)}
    free = [number for number in range(1, rule.cap + 1) if number not in used]
    owed = owed_to_others(rules, rule, [t.message_class for t in used.values()])
    if len(free) <= owed:
        return Refused("cap-reached", clock.month_bounds(month)[1], held_back=bool(free))
    gap_ends = _gap_ends(rule, taken, day)
    if gap_ends is not None:
        return Refused("min-gap", _start_of(gap_ends))
    return Free(rule.pool, month, free[0])


def owed_to_others(rules: Mapping[str, Rule], rule: Rule, served: Iterable[str]) -> int:
    """Slots the class must leave: those held back, less what classes before it have had this month."""
    before = sum(1 for other in served if other in rules and rules[other].rank < rule.rank)
    return max(0, rule.held_back - before)


def sharers(rules: Mapping[str, Rule], message_class: str) -> list[str]:
    """The classes that use the same pool, the most important first; none for an exempt class."""
    pool = rules[message_class].pool
    together = [r for r in rules.values() if pool is not None and r.pool == pool]
    return [r.message_class for r in sorted(together, key=lambda r: (r.rank, r.message_class))]


def next_free_at(
    rules: Mapping[str, Rule], message_class: str, taken: Sequence[Taken], now: datetime
) -> datetime | None:
    """When the next message of the class may be sent; None when it may be sent now."""
    moment = now
    for _ in range(24):
        choice = choose(rules, message_class, taken, moment)
        if not isinstance(choice, Refused):
            break
        moment = choice.next_free_at
    return None if moment == now else moment


def _gap_ends(rule: Rule, taken: Sequence[Taken], day: date) -> date | None:
    """The day on which the gap to the nearest message of the class is over, if `day` lies inside one."""
    near = [
        t.day for t in taken
        if t.message_class == rule.message_class and abs((day - t.day).days) < rule.min_gap_days
    ]  # fmt: skip
    return max(near) + timedelta(days=rule.min_gap_days) if near else None


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.SHANGHAI)
