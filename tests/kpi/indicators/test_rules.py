"""Indicators: sums at every level, ratios never averaged, silence told apart from zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kpi.facts.rules.counting import CountingUnknown, Place, Selection, Sums, Term
from services.kpi.indicators.rules import Definition, Figure, Formula, ratio, total

RATE = Definition(
    "rate",
    "率",
    "percent",
    "higher",
    Formula((Term(Selection("done")),), (Term(Selection("done"), "denominator"),)),
    "no_data",
)
COUNT = Definition("count", "数", "count", "higher", Formula((Term(Selection("done")),)), "no_data")
FAULTS = Definition("faults", "错", "count", "lower", Formula((Term(Selection("fault")),)), "zero")

figures = st.builds(
    Figure, st.integers(0, 10**6).map(Decimal), st.integers(0, 10**6).map(Decimal), st.integers(0, 100)
)


@given(st.lists(st.lists(figures, max_size=4), max_size=5))
def test_the_total_of_totals_is_the_total(halls: list[list[Figure]]) -> None:
    assert total(total(hall) for hall in halls) == total(figure for hall in halls for figure in hall)


def test_a_ratio_of_unequal_parts_is_not_the_average_of_their_ratios() -> None:
    small, large = Figure(Decimal(1), Decimal(1)), Figure(Decimal(0), Decimal(3))
    assert ratio(small + large) == Decimal("0.25")


def test_a_ratio_without_a_denominator_is_no_data() -> None:
    assert RATE.value(Figure(), source_spoke=True) is None


def test_a_ratio_over_what_never_happened_is_no_data_unless_it_was_owed() -> None:
    nobody_greeted = Figure(Decimal(0), Decimal(10))
    owed = Definition("owed", "应", "percent", "higher", RATE.formula, "zero")
    assert RATE.value(nobody_greeted, source_spoke=False) is None
    assert RATE.value(nobody_greeted, source_spoke=True) == 0
    assert owed.value(nobody_greeted, source_spoke=False) == 0


def test_a_count_is_zero_once_its_source_spoke_of_somebody() -> None:
    assert COUNT.value(Figure(), source_spoke=True) == 0
    assert COUNT.value(Figure(), source_spoke=False) is None


def test_a_silent_source_of_faults_is_good_news() -> None:
    assert FAULTS.value(Figure(), source_spoke=False) == 0


def test_amounts_are_counted_in_yuan() -> None:
    sales = Definition(
        "sales", "额", "yuan", "higher", Formula((Term(Selection("sale"), "amount_fen"),)), "no_data"
    )
    place = Place("zizhong", "ZZ01", "ZZ0101")
    found = sales.figures({Selection("sale"): {place: Sums(3, 0, 12345, 3)}})
    assert found == {place: Figure(Decimal("123.45"), Decimal(0), 3)}


def test_a_formula_survives_its_own_json_and_reads_in_words() -> None:
    data = {
        "numerator": [{"kind": "capped_sms", "count": "beyond", "allowance": 2}],
        "denominator": [{"kind": "archive_size", "count": "latest", "window": "to_date"}],
    }
    formula = Formula.from_json(data)
    assert formula.selections == (
        Selection("capped_sms", "beyond", "period", 2),
        Selection("archive_size", "latest", "to_date"),
    )
    assert "每月超出 2 次的部分" in formula.describe()
    assert "截至期末" in formula.describe()


def test_an_unknown_way_of_counting_is_refused() -> None:
    with pytest.raises(CountingUnknown):
        Term.from_json({"kind": "done", "count": "sometimes"})
    with pytest.raises(CountingUnknown):
        Term.from_json({"kind": "done", "measure": "average"})
