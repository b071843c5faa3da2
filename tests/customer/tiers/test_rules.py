"""The tier rule as arithmetic: thresholds at their edge, patience before a demotion, the same month twice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.tiers.rules import TIERS, Rule, Standing, Traits, flaws_of

DEFINITION: dict[str, Any] = {
    "points": {
        "value": {"spend_band": {"0": 0, "1": 10, "2": 20, "3": 30, "4": 40}},
        "importance": {"brand": {"1": 20, "2": 10, "3": 5}},
        "potential": {"preferences": {"1": 10, "4": 5}, "habits": {"4": 10}, "age_band": {"2": 5}},
    },
    "thresholds": {"A": 60, "B": 40},
    "demote_after_months": 3,
}
RULE = Rule(DEFINITION)
TRAITS = st.builds(
    Traits,
    brand=st.integers(1, 3),
    age_band=st.integers(1, 4),
    spend_band=st.integers(0, 4),
    habits=st.lists(st.integers(1, 4), unique=True).map(lambda codes: tuple(sorted(codes))),
    preferences=st.lists(st.integers(1, 4), unique=True).map(lambda codes: tuple(sorted(codes))),
)
STANDINGS = st.none() | st.builds(Standing, st.sampled_from(TIERS), st.integers(0, 2))
BEST, WORST = Traits(1, 2, 4, (4,), (1, 4)), Traits(3, 4, 0)


def test_points_are_told_by_dimension() -> None:
    assert RULE.points(Traits(2, 2, 1, (4,), (4,))) == {"value": 10, "importance": 10, "potential": 20}


@pytest.mark.parametrize(("total", "tier"), [(60, "A"), (59, "B"), (40, "B"), (39, "C"), (-5, "C")])
def test_a_threshold_belongs_to_its_tier(total: int, tier: str) -> None:
    assert RULE.tier_of(total) == tier


def test_a_tier_is_lost_only_after_three_months_below_and_gained_at_once() -> None:
    standing, seen = Standing("A"), []
    for traits in (WORST, WORST, BEST, WORST, WORST, WORST, BEST):
        standing = RULE.rate(traits, standing).standing
        seen.append((standing.tier, standing.months_below))
    assert seen == [("A", 1), ("A", 2), ("A", 0), ("A", 1), ("A", 2), ("C", 0), ("A", 0)]


def test_without_patience_a_tier_is_lost_in_the_first_month() -> None:
    hasty = Rule({**DEFINITION, "demote_after_months": 1})
    assert hasty.rate(WORST, Standing("A")).standing == Standing("C")


@given(TRAITS, STANDINGS)
def test_the_same_month_gives_the_same_rating(traits: Traits, before: Standing | None) -> None:
    again = Traits.of(traits.inputs())
    assert RULE.rate(again, before) == RULE.rate(traits, before)


@given(TRAITS, STANDINGS)
def test_nobody_is_rated_below_what_their_points_earn(traits: Traits, before: Standing | None) -> None:
    rating = RULE.rate(traits, before)
    assert TIERS.index(rating.standing.tier) <= TIERS.index(RULE.tier_of(rating.total))


@given(TRAITS, STANDINGS)
def test_patience_runs_only_while_the_points_are_below(traits: Traits, before: Standing | None) -> None:
    rating = RULE.rate(traits, before)
    waiting = rating.standing.months_below
    assert 0 <= waiting < RULE.demote_after_months
    assert (waiting > 0) == (rating.standing.tier != RULE.tier_of(rating.total))


@given(st.lists(TRAITS, min_size=1, max_size=12))
def test_a_demotion_has_three_months_below_before_it(life: list[Traits]) -> None:
    standing, below = RULE.rate(life[0], None).standing, 0
    for traits in life[1:]:
        after = RULE.rate(traits, standing).standing
        earned = RULE.tier_of(sum(RULE.points(traits).values()))
        below = below + 1 if TIERS.index(earned) > TIERS.index(standing.tier) else 0
        if TIERS.index(after.tier) > TIERS.index(standing.tier):
            assert below == 3
            below = 0
        standing = after


@given(TRAITS, STANDINGS)
def test_more_spending_never_costs_a_tier(traits: Traits, before: Standing | None) -> None:
    richer = Traits(
        traits.brand, traits.age_band, min(traits.spend_band + 1, 4), traits.habits, traits.preferences
    )
    poorer_tier, richer_tier = (RULE.rate(t, before).standing.tier for t in (traits, richer))
    assert TIERS.index(richer_tier) <= TIERS.index(poorer_tier)


def test_thresholds_out_of_order_and_a_rule_without_points_are_refused() -> None:
    flawed = {"points": {"value": {}}, "thresholds": {"A": 40, "B": 40}}
    assert [flaw.code for flaw in flaws_of(flawed)] == ["thresholds-out-of-order", "points-missing"]
    assert flaws_of(DEFINITION) == []
