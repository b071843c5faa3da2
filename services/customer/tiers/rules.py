"""How a customer's tier comes about: points for what the archive knows, thresholds, and patience before a demotion.

Everything is a function of the rule's definition, the traits and the standing before: a month rated again is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.errors import FieldError

TIERS = ("A", "B", "C")
LOWEST = TIERS[-1]
DIMENSIONS = {"value": "价值", "importance": "重要性", "potential": "潜力"}
SINGLE = ("brand", "age_band", "spend_band")
SEVERAL = ("habits", "preferences")
FIELDS = (*SINGLE, *SEVERAL)
ACTORS = {"clerk": "客户经理", "hall_manager": "营业厅经理"}


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a customer the rule looks at: codes, nothing personal."""

    brand: int
    age_band: int
    spend_band: int
    habits: tuple[int, ...] = ()
    preferences: tuple[int, ...] = ()

    @classmethod
    def of(cls, inputs: Mapping[str, Any]) -> Self:
        habits, preferences = (tuple(sorted(inputs[field])) for field in ("habits", "preferences"))
        return cls(inputs["brand"], inputs["age_band"], inputs["spend_band"], habits, preferences)

    def inputs(self) -> dict[str, Any]:
        """As the history keeps them."""
        return {**{f: getattr(self, f) for f in SINGLE}, **{f: list(getattr(self, f)) for f in SEVERAL}}

    def codes_of(self, field: str) -> Iterable[int]:
        held = getattr(self, field)
        return held if field in SEVERAL else (held,)


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's tier, and for how many months in a row their points have been below it."""

    tier: str
    months_below: int = 0


@dataclass(frozen=True, slots=True)
class Rating:
    """What the rule says of one customer in one month."""

    standing: Standing
    points: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.points.values())


class Rule:
    """One version of the tier rule, read from its definition."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._points: dict[str, dict[str, dict[int, int]]] = {
            dimension: {field: {int(c): p for c, p in table.items()} for field, table in tables.items()}
            for dimension, tables in definition["points"].items()
        }
        self._thresholds: dict[str, int] = dict(definition["thresholds"])
        self.demote_after_months: int = definition["demote_after_months"]

    def points(self, traits: Traits) -> dict[str, int]:
        """Points by dimension: value, importance, potential."""
        return {
            dimension: sum(
                table.get(code, 0) for field, table in tables.items() for code in traits.codes_of(field)
            )
            for dimension, tables in self._points.items()
        }

    def tier_of(self, total: int) -> str:
        """The highest tier whose threshold is reached; a threshold belongs to its tier."""
        return next((t for t in TIERS if t in self._thresholds and total >= self._thresholds[t]), LOWEST)

    def rate(self, traits: Traits, before: Standing | None) -> Rating:
        """Up at once; down only after enough months in a row below, and then to where the points are."""
        points = self.points(traits)
        earned = self.tier_of(sum(points.values()))
        if before is None or TIERS.index(earned) <= TIERS.index(before.tier):
            return Rating(Standing(earned), points)
        below = before.months_below + 1
        if below >= self.demote_after_months:
            return Rating(Standing(earned), points)
        return Rating(Standing(before.tier, below), points)


def reason_of(before: str | None, after: str) -> str:
    """Why a tier changed, as the event says it."""
    if before is None:
        return "first_rating"
    return "promoted" if TIERS.index(after) < TIERS.index(before) else "demoted"


def flaws_of(definition: Mapping[str, Any]) -> list[FieldError]:
    """What a definition says beyond its form that cannot be meant."""
    thresholds = definition["thresholds"]
    wrong = []
    if thresholds["A"] <= thresholds["B"]:
        detail = "A 类的分数线应高于 B 类。"
        wrong.append(FieldError("/definition/thresholds/A", "thresholds-out-of-order", detail))
    if not any(tables for tables in definition["points"].values()):
        wrong.append(FieldError("/definition/points", "points-missing", "至少要有一项计分。"))
    return wrong
