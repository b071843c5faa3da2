"""Weights, targets and what a value is worth against them. Decimals throughout."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from services.kpi.indicators.rules import Direction

Level = Literal["clerk", "hall", "county", "region"]
MissingPolicy = Literal["exclude_and_renormalise", "zero", "hold"]

LEVELS: tuple[Level, ...] = ("region", "county", "hall", "clerk")
LEVEL_NAMES: dict[str, str] = {"region": "全区", "county": "区县", "hall": "营业厅", "clerk": "营业员"}
POLICY_NAMES: dict[str, str] = {
    "exclude_and_renormalise": "无数据的指标不计，其余权重按比例放大",
    "zero": "无数据的指标按 0 分计",
    "hold": "有指标无数据时暂不出分",
}

HUNDRED = Decimal(100)
POINT_PLACES = Decimal("0.01")
TARGET_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class SchemeItem:
    """One indicator of a scheme. `per_head` targets are multiplied by the clerks of the subject."""

    indicator: str
    weight: Decimal
    target: Decimal
    per_head: bool = False
    tolerance: Decimal | None = None


def weights_add_up(weights: Iterable[Decimal]) -> bool:
    """A scheme's weights make exactly 100."""
    return sum(weights, Decimal(0)) == HUNDRED


def points(
    value: Decimal, target: Decimal, direction: Direction, tolerance: Decimal | None = None
) -> Decimal:
    """0 to 100 for a value.

    Higher is better: the share of the target reached, at most 100. Lower is better: 100 up to the target, then
    falling in a straight line to 0 where the value exceeds it by `tolerance` (the target itself when not given, 1 when
    that is 0).
    """
    if direction == "higher":
        earned = HUNDRED if value >= target else HUNDRED * value / target
    else:
        room = tolerance or target or Decimal(1)
        earned = HUNDRED - HUNDRED * max(value - target, Decimal(0)) / room
    return min(max(earned, Decimal(0)), HUNDRED).quantize(POINT_PLACES, ROUND_HALF_UP)


def target_of_period(monthly: Sequence[Decimal], *, adds_up: bool) -> Decimal:
    """A quarter's target from its months': counts add up, ratios are averaged since each month asks the same of all."""
    together = sum(monthly, Decimal(0))
    return (together if adds_up else together / len(monthly)).quantize(TARGET_PLACES, ROUND_HALF_UP)
