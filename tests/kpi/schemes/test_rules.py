"""Weights, points and targets, in decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kpi.schemes.rules import points, target_of_period, weights_add_up

values = st.decimals(0, 10**6, places=4)


def test_weights_make_exactly_a_hundred() -> None:
    assert weights_add_up([Decimal("33.33"), Decimal("33.33"), Decimal("33.34")])
    assert not weights_add_up([Decimal("33.33")] * 3)


@given(values, values, st.sampled_from(["higher", "lower"]))
def test_points_stay_between_none_and_all(value: Decimal, target: Decimal, direction: str) -> None:
    assert 0 <= points(value, target, direction) <= 100  # type: ignore[arg-type]


@given(values, values, values, st.sampled_from(["higher", "lower"]))
def test_a_better_value_never_earns_less(
    one: Decimal, other: Decimal, target: Decimal, direction: str
) -> None:
    better, worse = max(one, other), min(one, other)
    if direction == "lower":
        better, worse = worse, better
    assert points(better, target, direction) >= points(worse, target, direction)  # type: ignore[arg-type]


@given(values, values, st.sampled_from(["higher", "lower"]))
def test_meeting_the_target_earns_all(value: Decimal, target: Decimal, direction: str) -> None:
    met = value >= target if direction == "higher" else value <= target
    assert (points(value, target, direction) == 100) or not met  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "target", "tolerance", "expected"),
    [
        ("0", "0", None, "100"),
        ("1", "0", None, "0"),
        ("1", "0", "2", "50"),
        ("0.10", "0.05", "0.2", "75"),
        ("15", "10", None, "50"),
    ],
)
def test_faults_beyond_the_target_cost_points_in_a_straight_line(
    value: str, target: str, tolerance: str | None, expected: str
) -> None:
    room = None if tolerance is None else Decimal(tolerance)
    assert points(Decimal(value), Decimal(target), "lower", room) == Decimal(expected)


def test_a_quarters_target_adds_up_for_counts_and_stays_for_ratios() -> None:
    assert target_of_period([Decimal(10), Decimal(12), Decimal(14)], adds_up=True) == 36
    assert target_of_period([Decimal("0.9")] * 3, adds_up=False) == Decimal("0.9")
