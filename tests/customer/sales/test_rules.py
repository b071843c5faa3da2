"""How far targets have come: sums that agree whichever way they are added."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from services.customer.sales import rules
from services.customer.sales.rules import Target


class Sold(NamedTuple):
    hall: str
    clerk: str
    number: int
    fen: int


halls, clerks = st.sampled_from(["H1", "H2", "H3"]), st.sampled_from(["C1", "C2"])
sales = st.lists(st.builds(Sold, halls, clerks, st.integers(0, 50), st.integers(0, 10**6)), max_size=12)
goals = st.lists(
    st.builds(Target, halls, clerks | st.just(""), st.integers(0, 99), st.integers(0, 10**6)),
    max_size=8,
    unique_by=lambda goal: (goal.hall, goal.clerk),
)


@given(goals, sales)
def test_every_target_has_one_line_and_a_halls_line_sums_its_clerks(
    goals: list[Target], sold: list[Sold]
) -> None:
    lines = rules.progress(goals, sold)
    assert sorted((line.hall, line.clerk) for line in lines) == sorted((g.hall, g.clerk) for g in goals)
    for line in lines:
        mine = [s for s in sold if s.hall == line.hall and line.clerk in ("", s.clerk)]
        assert (line.number, line.fen) == (sum(s.number for s in mine), sum(s.fen for s in mine))


@given(goals, sales)
def test_the_total_holds_all_that_was_sold_and_no_target_twice(goals: list[Target], sold: list[Sold]) -> None:
    found = rules.total(rules.progress(goals, sold), sold)
    assert (found.number, found.fen) == (sum(s.number for s in sold), sum(s.fen for s in sold))
    own = {goal.hall for goal in goals if goal.clerk == ""}
    expected = sum(goal.number for goal in goals if goal.clerk == "" or goal.hall not in own)
    assert found.target_number == expected
