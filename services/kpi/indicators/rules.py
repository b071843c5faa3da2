"""What an indicator is worth: Σ numerators / Σ denominators at every level, never an average of ratios."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, Self

from services.kpi.facts.rules.counting import Measure, Place, Selection, Sums, Term
from services.kpi.facts.rules.names import fact_name

Direction = Literal["higher", "lower"]
Unit = Literal["count", "percent", "yuan"]
WhenSilent = Literal["no_data", "zero"]

VALUE_PLACES = Decimal("0.0001")
UNITS: dict[str, str] = {"count": "次", "percent": "%", "yuan": "元"}
MEASURES: dict[str, str] = {"numerator": "分子", "denominator": "分母", "amount_fen": "金额"}


@dataclass(frozen=True, slots=True)
class Formula:
    """Both sides as sums over facts; without a denominator the value is the numerator itself."""

    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        sides = {
            side: tuple(map(Term.from_json, data.get(side, ()))) for side in ("numerator", "denominator")
        }
        return cls(**sides)

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Every selection once, numerator's first."""
        return tuple(dict.fromkeys(term.selection for term in (*self.numerator, *self.denominator)))

    def evidence(self) -> list[tuple[Selection, list[Measure], list[Measure]]]:
        """Each selection with the measures it adds to the numerator and to the denominator."""
        return [
            (
                selection,
                [term.measure for term in self.numerator if term.selection == selection],
                [term.measure for term in self.denominator if term.selection == selection],
            )
            for selection in self.selections
        ]

    def describe(self) -> str:
        """In words for whoever reads a figure."""
        above = " + ".join(map(_in_words, self.numerator))
        below = " + ".join(map(_in_words, self.denominator))
        return f"{_grouped(above)} ÷ {_grouped(below)}" if below else above


@dataclass(frozen=True, slots=True)
class Figure:
    """The two sides of an indicator for one place or subject, and how many facts they rest on."""

    numerator: Decimal = Decimal(0)
    denominator: Decimal = Decimal(0)
    facts: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(
            self.numerator + other.numerator, self.denominator + other.denominator, self.facts + other.facts
        )


@dataclass(frozen=True, slots=True)
class Definition:
    """An indicator as a run uses it."""

    code: str
    name: str
    unit: Unit
    direction: Direction
    formula: Formula
    when_silent: WhenSilent

    @property
    def is_ratio(self) -> bool:
        return bool(self.formula.denominator)

    def figures(self, sums: Mapping[Selection, Mapping[Place, Sums]]) -> dict[Place, Figure]:
        """The indicator at every place where one of its facts is credited."""
        found: dict[Place, Figure] = {}
        for selection in self.formula.selections:
            for place, here in sums.get(selection, {}).items():
                found[place] = found.get(place, Figure()) + self._figure(selection, here)
        return found

    def value(self, figure: Figure, *, source_spoke: bool) -> Decimal | None:
        """The value, or None for "no data", which is not zero.

        A ratio has none without a denominator. Where what the numerator counts happened to nobody at all in the
        period, the indicator says what that means: nothing is known, or (of faults, of duties) zero.
        """
        if not source_spoke and self.when_silent == "no_data":
            return None
        return ratio(figure) if self.is_ratio else figure.numerator

    def spoke(self, sums: Mapping[Selection, Mapping[Place, Sums]]) -> bool:
        """Whether anything was counted above the line, for whomever."""
        return any(sums.get(term.selection) for term in self.formula.numerator)

    def _figure(self, selection: Selection, sums: Sums) -> Figure:
        above = sum(
            (_amount(term, sums) for term in self.formula.numerator if term.selection == selection),
            Decimal(0),
        )
        below = sum(
            (_amount(term, sums) for term in self.formula.denominator if term.selection == selection),
            Decimal(0),
        )
        return Figure(above, below, sums.facts)


def ratio(figure: Figure) -> Decimal | None:
    if not figure.denominator:
        return None
    return (figure.numerator / figure.denominator).quantize(VALUE_PLACES, ROUND_HALF_UP)


def total(figures: Iterable[Figure]) -> Figure:
    """How places add up to a hall, a county, the region."""
    return sum(figures, Figure())


def _amount(term: Term, sums: Sums) -> Decimal:
    return _in_units(term, sums.of(term.measure))


def _in_units(term: Term, number: int) -> Decimal:
    return Decimal(number).scaleb(-2) if term.measure == "amount_fen" else Decimal(number)


_COUNTINGS: dict[str, str] = {
    "every": "逐笔",
    "first": "每个对象首次",
    "once": "每个对象每期一次",
    "latest": "每个对象最新状态",
    "beyond": "每个对象每月超出 {allowance} 次的部分",
}


def _grouped(sum_in_words: str) -> str:
    return f"（{sum_in_words}）" if " + " in sum_in_words else sum_in_words


def _in_words(term: Term) -> str:
    chosen = term.selection
    how = _COUNTINGS[chosen.count].format(allowance=chosen.allowance)
    since = "，截至期末" if chosen.window == "to_date" else ""
    return f"“{fact_name(chosen.kind)}”的{MEASURES[term.measure]}合计（{how}{since}）"
