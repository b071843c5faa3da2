"""How facts are counted into one side of an indicator, as data that an indicator's formula can hold."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

Measure = Literal["numerator", "denominator", "amount_fen"]
Counting = Literal["every", "first", "once", "latest", "beyond"]
Window = Literal["period", "to_date"]

COUNTED_ALREADY = "already-counted"
SUPERSEDED = "superseded"
WITHIN_ALLOWANCE = "within-allowance"
AFTER_THE_RUN = "arrived-after-the-run"

REASONS: dict[str, str] = {
    COUNTED_ALREADY: "同一对象此前已计过一次，不再重复计",
    SUPERSEDED: "同一对象后来有更新的状态，以最新的为准",
    WITHIN_ALLOWANCE: "在每月允许的次数之内，不算超频",
    AFTER_THE_RUN: "在本批次计算之后才到达，将计入下一批次",
}


class CountingUnknown(ValueError):
    """A formula names a way of counting that does not exist."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which facts of one kind count.

    `every` fact; the `first` of a subject ever, if it falls in the period; `once` a subject and period; the `latest`
    of a subject up to the period's end; those `beyond` an allowance a subject and month. `to_date` looks back
    over all months, `period` only at those assessed.
    """

    kind: str
    count: Counting = "every"
    window: Window = "period"
    allowance: int = 0

    def __post_init__(self) -> None:
        if self.count not in get_args(Counting) or self.window not in get_args(Window):
            raise CountingUnknown(f"{self.count}/{self.window}")


@dataclass(frozen=True, slots=True)
class Term:
    """A selection and which of the facts' numbers is summed over it."""

    selection: Selection
    measure: Measure = "numerator"

    def __post_init__(self) -> None:
        if self.measure not in get_args(Measure):
            raise CountingUnknown(self.measure)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        members = dict(data)
        measure = members.pop("measure", "numerator")
        return cls(Selection(**members), measure)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self.selection), "measure": self.measure}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact is credited; an empty member means that this level is not known."""

    county: str
    hall: str
    clerk: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What the counted facts of one place add up to."""

    numerator: int = 0
    denominator: int = 0
    amount_fen: int = 0
    facts: int = 0

    def of(self, measure: Measure) -> int:
        return int(getattr(self, measure))
