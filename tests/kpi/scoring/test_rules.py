"""Scores: contributions that sum to them, missing indicators by policy, shared ranks, roll-up without loss."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kpi.facts.rules.counting import Place
from services.kpi.indicators.rules import Figure, total
from services.kpi.schemes.rules import Level, MissingPolicy, SchemeItem
from services.kpi.scoring.rules import (
    Result,
    Roster,
    Scored,
    Subject,
    figures_hash,
    ranked,
    roll_up,
    weigh,
)

THIRDS = (Decimal("33.34"), Decimal("33.33"), Decimal("33.33"))
POLICIES: list[MissingPolicy] = ["exclude_and_renormalise", "zero", "hold"]

weights = st.decimals("0.01", 100, places=2)
earned = st.none() | st.decimals(0, 100, places=2)
parts = st.lists(st.tuples(weights, earned), min_size=1, max_size=30)
places = st.builds(
    Place,
    st.sampled_from(["", "zizhong", "weiyuan"]),
    st.sampled_from(["", "ZZ01", "WY01"]),
    st.sampled_from(["", "a", "b"]),
)
figures = st.builds(
    Figure, st.integers(0, 1000).map(Decimal), st.integers(0, 1000).map(Decimal), st.integers(0, 9)
)


def test_an_unused_part_does_not_pull_the_score_down() -> None:
    score, shares = weigh(
        list(zip(THIRDS, (Decimal(5), Decimal(5), None), strict=True)), "exclude_and_renormalise"
    )
    assert score == Decimal("5.00")
    assert shares == [Decimal("2.50"), Decimal("2.50"), None]


def test_where_the_policy_says_zero_it_does() -> None:
    score, shares = weigh(list(zip(THIRDS, (Decimal(5), Decimal(5), None), strict=True)), "zero")
    assert score == Decimal("3.33")
    assert shares[2] == 0


def test_where_the_policy_says_hold_there_is_no_score() -> None:
    assert weigh(list(zip(THIRDS, (Decimal(5), Decimal(5), None), strict=True)), "hold") == (None, [None] * 3)


@given(parts, st.sampled_from(POLICIES))
def test_contributions_sum_to_the_score_and_are_off_by_less_than_a_cent(
    given_parts: list[tuple[Decimal, Decimal | None]], policy: MissingPolicy
) -> None:
    score, shares = weigh(given_parts, policy)
    if score is None:
        assert shares == [None] * len(given_parts)
        return
    assert sum(share for share in shares if share is not None) == score
    together = sum(w for w, p in given_parts if p is not None or policy == "zero")
    for (weight, points), share in zip(given_parts, shares, strict=True):
        if share is not None:
            assert abs(share - weight * (points or 0) / together) < Decimal("0.01000001")


@given(parts)
def test_leaving_parts_out_keeps_the_score_between_the_worst_and_the_best_part(
    given_parts: list[tuple[Decimal, Decimal | None]],
) -> None:
    known = [points for _weight, points in given_parts if points is not None]
    score, _shares = weigh(given_parts, "exclude_and_renormalise")
    assert (score is None) == (not known)
    if score is not None:
        assert min(known) <= score <= max(known)


@given(st.dictionaries(places, figures, max_size=12))
def test_no_level_loses_or_doubles_anything(found: dict[Place, Figure]) -> None:
    everything = total(found.values())
    for level in ("clerk", "hall", "county", "region"):
        assert total(roll_up(found, level).values()) == everything


@given(st.lists(st.none() | st.decimals(0, 100, places=2), max_size=20), st.integers(0, 3))
def test_equals_share_a_rank_and_the_next_ones_are_skipped(
    scores: list[Decimal | None], minimum: int
) -> None:
    everybody = [scored("clerk", str(i), score, sample=i % 4) for i, score in enumerate(scores)]
    found = ranked(everybody, minimum)
    counted = [s.score for s in found if s.score is not None and s.sample >= minimum]
    for one in found:
        if one.rank is None:
            assert one.score is None or one.sample < minimum
        else:
            assert one.score is not None
            assert one.rank == 1 + sum(1 for other in counted if other > one.score)
        assert one.peers == len(counted)


def test_the_roster_adds_whom_only_the_facts_know() -> None:
    roster = Roster({"ZZ01": "zizhong"}, {"a": ("zizhong", "ZZ01")}, frozenset({"boss"}))
    found = roster.subjects(
        [Place("weiyuan", "WY01", "new"), Place("zizhong", "ZZ01", "boss"), Place("zizhong", "ZZ01", "")]
    )
    assert [(s.level, s.code) for s in found] == [
        ("region", "region"),
        ("county", "weiyuan"),
        ("county", "zizhong"),
        ("hall", "WY01"),
        ("hall", "ZZ01"),
        ("clerk", "a"),
        ("clerk", "new"),
    ]
    assert next(s for s in found if s.code == "new") == Subject("clerk", "new", "weiyuan", "WY01")


def test_the_hash_does_not_depend_on_order_or_trailing_zeros() -> None:
    one = figures_hash([("a", Decimal("1.50"), None), ("b", 2, 3)])
    assert one == figures_hash([("b", 2, Decimal("3.0000")), ("a", Decimal("1.5"), "")])
    assert one != figures_hash([("a", Decimal("1.50"), 0), ("b", 2, 3)])


@pytest.mark.parametrize("level", ["clerk", "hall"])
def test_without_results_nobody_is_ranked(level: Level) -> None:
    assert [s.rank for s in ranked([scored(level, "a", None, sample=5)], 1)] == [None]


def scored(level: Level, code: str, score: Decimal | None, *, sample: int) -> Scored:
    item = SchemeItem("x", Decimal(100), Decimal(1))
    return Scored(Subject(level, code), score, (Result(item, Figure(), None, Decimal(1), None),), sample)
