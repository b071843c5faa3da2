"""What a set of answers adds up to, whatever its order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.messages.rules import Answer, outcome

START = datetime(2026, 11, 10, tzinfo=UTC)
SAID = ["accepted", "delivered", "failed", "rejected", "unknown", "not-sent", "not-found"]
ANSWERS = st.lists(
    st.builds(
        Answer,
        said=st.sampled_from(SAID),
        at=st.integers(0, 100).map(lambda s: START + timedelta(seconds=s)),
        segment=st.integers(0, 3),
        segments=st.just(3),
        code=st.sampled_from([None, "DELIVRD", "UNDELIV"]),
    ),
    max_size=7,
)


def answers(*said: str) -> list[Answer]:
    return [Answer(word, START + timedelta(seconds=n)) for n, word in enumerate(said)]  # type: ignore[arg-type]


def parts(*said: str) -> list[Answer]:
    return [
        Answer(word, START, segment=n, segments=len(said))  # type: ignore[arg-type]
        for n, word in enumerate(said, start=1)
        if word
    ]


def status(given: list[Answer]) -> str | None:
    found = outcome(given)
    return found.status if found else None


@given(ANSWERS, st.randoms())
def test_order_and_doubles_change_nothing(given: list[Answer], dice: object) -> None:
    shuffled = given * 2
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert outcome(shuffled) == outcome(given)


@given(ANSWERS, ANSWERS)
def test_what_was_delivered_stays_delivered(given: list[Answer], more: list[Answer]) -> None:
    whole = [Answer("delivered", START), *given]
    assert status(whole) == status([*whole, *more]) == "delivered"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], None),
        (["not-sent"], None),
        (["unknown"], "unknown"),
        (["unknown", "accepted"], "accepted"),
        (["rejected"], "failed"),
        (["accepted", "failed"], "failed"),
        (["failed", "delivered"], "delivered"),
        (["unknown", "not-found"], None),
    ],
)
def test_the_rank_of_answers(said: list[str], expected: str | None) -> None:
    for order in permutations(answers(*said)):
        assert status(list(order)) == expected


def test_doubt_about_one_attempt_is_not_settled_by_what_is_known_of_another() -> None:
    doubt, proof = Answer("unknown", START, attempt=2), Answer("not-sent", START, attempt=1)
    assert status([doubt, proof]) == "unknown"
    assert status([doubt, proof, Answer("not-found", START, attempt=2)]) is None


def test_a_long_message_is_delivered_when_all_its_parts_are() -> None:
    assert status(parts("delivered", "delivered", "")) == "accepted"
    assert status(parts("delivered", "delivered", "delivered")) == "delivered"


def test_one_failed_part_fails_the_message_and_a_later_success_does_not_hide_it() -> None:
    assert status(parts("failed", "delivered", "delivered")) == "failed"
    assert status([*parts("failed", "", ""), *parts("delivered", "", "")]) == "accepted"


def test_a_refusal_at_the_door_was_never_accepted() -> None:
    refused, failed = outcome(answers("rejected")), outcome(answers("accepted", "failed"))
    assert refused is not None
    assert not refused.was_accepted
    assert failed is not None
    assert failed.was_accepted
