"""Which answers fit, when somebody may be asked again, what a link gives away."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.surveys import rules
from services.customer.surveys.rules import Question

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
CODES = st.sampled_from("abcdef")
QUESTIONS = st.lists(
    st.builds(Question, code=CODES, text=st.just("？"), out_of=st.integers(2, 10)),
    min_size=1, unique_by=lambda question: question.code,
)  # fmt: skip


@given(questions=QUESTIONS, scores=st.dictionaries(CODES, st.integers(-1, 12)))
def test_an_answer_is_right_when_every_question_is_answered_within_bounds_and_no_other(
    questions: list[Question], scores: dict[str, int]
) -> None:
    fits = scores.keys() == {q.code for q in questions} and all(
        1 <= scores[q.code] <= q.out_of for q in questions
    )
    assert (rules.wrong_scores(questions, scores) == []) == fits


@given(days=st.integers(1, 365), later=st.timedeltas(timedelta(0), timedelta(days=800)))
def test_nobody_is_asked_twice_within_the_days_of_rest(days: int, later: timedelta) -> None:
    may_be_asked_again = rules.asked_before(NOW + later, days) >= NOW
    assert may_be_asked_again == (later >= timedelta(days=days))


@pytest.mark.parametrize(("after", "due"), [(None, None), (3, 3), (7, None), (9, None)])
def test_a_reminder_comes_before_the_end_or_not_at_all(after: int | None, due: int | None) -> None:
    expected = NOW + timedelta(days=due) if due else None
    assert rules.reminder_due(NOW, after, NOW + timedelta(days=7)) == expected


def test_a_links_secret_is_long_random_and_not_what_is_stored() -> None:
    tokens = {rules.new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(len(token) >= 43 and rules.token_hash(token) != token for token in tokens)


def test_every_month_begins_its_sample_elsewhere() -> None:
    assert len({rules.draw(f"2026-{month:02d}", "ZZ01") for month in range(1, 13)}) == 12
