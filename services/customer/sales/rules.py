"""How far targets have come: pure arithmetic over what was opened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

WHOLE_HALL = ""


class Goal(Protocol):
    """What a hall, or a clerk of it, is to reach."""

    @property
    def hall(self) -> str: ...
    @property
    def clerk(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def amount_fen(self) -> int: ...


class Sold(Protocol):
    """What one clerk of a hall opened."""

    @property
    def hall(self) -> str: ...
    @property
    def clerk(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def fen(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Target:
    """A target as it was written down."""

    hall: str
    clerk: str
    number: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A target and what was reached of it; `target_number` 0 means that only the amount counts, and the other way."""

    hall: str
    clerk: str
    number: int
    target_number: int
    fen: int
    target_fen: int


def progress(goals: Iterable[Goal], sold: Iterable[Sold]) -> list[Reached]:
    """A line for every target, in order of hall and clerk; a hall's line sums all its clerks, targeted or not."""
    sums = _sums(sold)
    return [
        Reached(goal.hall, goal.clerk, number, goal.number, fen, goal.amount_fen)
        for goal in sorted(goals, key=lambda goal: (goal.hall, goal.clerk))
        for number, fen in [sums.get((goal.hall, goal.clerk), (0, 0))]
    ]


def total(lines: Iterable[Reached], sold: Iterable[Sold]) -> Reached:
    """All that was sold against the halls' targets, or the clerks' where a hall has none of its own."""
    lines = list(lines)
    with_own = {line.hall for line in lines if line.clerk == WHOLE_HALL}
    counting = [line for line in lines if line.clerk == WHOLE_HALL or line.hall not in with_own]
    together = [(one.number, one.fen) for one in sold]
    return Reached(
        "", "", sum(n for n, _ in together), sum(line.target_number for line in counting),
        sum(fen for _, fen in together), sum(line.target_fen for line in counting),
    )  # fmt: skip


def _sums(sold: Iterable[Sold]) -> Mapping[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in sold:
        for whose in ((one.hall, one.clerk), (one.hall, WHOLE_HALL)):
            number, fen = sums.get(whose, (0, 0))
            sums[whose] = number + one.number, fen + one.fen
    return sums
