"""Codes and what they are bound to."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.confirmations import rules
from services.customer.consent.rules import Purpose

BOUND = {
    "code_id": UUID(int=1),
    "customer_id": UUID(int=2),
    "purposes": ["service_sms"],
    "wording_version": "v1",
}


@given(st.integers(0, 10**6 - 1))
def test_a_code_has_six_digits_whatever_was_drawn(drawn: int) -> None:
    code = rules.new_code(lambda _below: drawn)
    assert (len(code), int(code)) == (6, drawn)


@pytest.mark.parametrize(
    "other",
    [
        {"customer_id": uuid4()},
        {"code_id": uuid4()},
        {"purposes": ["service_sms", "marketing_sms"]},
        {"purposes": []},
        {"wording_version": "v2"},
    ],
)
def test_the_same_code_for_something_else_is_another_hash(other: dict[str, object]) -> None:
    kept = rules.fingerprint("key", "123456", **BOUND)  # type: ignore[arg-type]
    assert not rules.same(kept, rules.fingerprint("key", "123456", **{**BOUND, **other}))  # type: ignore[arg-type]
    assert not rules.same(kept, rules.fingerprint("other key", "123456", **BOUND))  # type: ignore[arg-type]
    assert rules.same(kept, rules.fingerprint("key", " 123456 ", **BOUND))  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(Purpose)), st.randoms(use_true_random=False))
def test_the_order_of_asking_does_not_matter(asked: list[Purpose], random: object) -> None:
    shuffled = list(asked)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rules.in_order(shuffled) == rules.in_order(asked)
    assert set(rules.in_order(asked)) == set(asked)
