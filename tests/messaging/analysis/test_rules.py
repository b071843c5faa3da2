"""What the counts say."""

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.analysis import rules
from services.messaging.analysis.rules import After, Hour

counts = st.dictionaries(st.integers(1, 6), st.integers(1, 500), max_size=6)


def test_the_histogram_has_no_gaps_and_counts_who_got_none() -> None:
    assert rules.histogram_of({1: 5, 3: 2}, agreed=10, reached=7) == {0: 3, 1: 5, 2: 0, 3: 2}
    assert rules.histogram_of({}, agreed=4, reached=0) == {0: 4}


def test_what_followed_stands_beside_how_many_got_at_least_so_many() -> None:
    assert rules.followed({1: 10, 2: 5}, {2: 1}, {1: 1}) == (After(1, 15, 0, 1), After(2, 5, 1, 0))


@given(counts, counts, counts)
def test_more_messages_never_have_more_customers(
    got: dict[int, int], opted: dict[int, int], complained: dict[int, int]
) -> None:
    found = rules.followed(got, opted, complained)
    customers = [each.customers for each in found]
    assert customers == sorted(customers, reverse=True)
    assert sum(each.opt_outs for each in found) == sum(opted.values())


def test_the_best_hour_delivers_most_then_is_answered_most_and_a_lucky_few_prove_nothing() -> None:
    assert rules.best_hour([]) is None
    nine, ten, two = Hour(9, 100, 90, 5, 0), Hour(10, 100, 95, 1, 0), Hour(2, 1, 1, 0, 0)
    assert rules.best_hour([nine, ten, two]) == 10
    assert rules.best_hour([Hour(9, 100, 95, 5, 0), ten]) == 9
    assert rules.best_hour([Hour(9, 100, 95, 1, 3), ten]) == 10
