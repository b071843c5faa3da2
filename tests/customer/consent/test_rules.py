"""The fold of the ledger: what a customer agrees to now, and agreed to at any moment."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer.consent import rules
from services.customer.consent.models import Decided
from services.customer.consent.rules import Decision, Purpose

START, CUSTOMER = datetime(2026, 11, 1, tzinfo=UTC), UUID(int=7)


def said(
    purpose: Purpose, decision: Decision, hour: int, recorded: int | None = None, number: int = 1
) -> Decided:
    recorded_at = START + timedelta(hours=hour if recorded is None else recorded)
    at = START + timedelta(hours=hour)
    return Decided(
        UUID(int=number), CUSTOMER, purpose, decision, at, recorded_at, "counter", "ZZ0101", "ZZ01", "zizhong", "v1",
        "signature", "1",
    )  # fmt: skip


hours = st.integers(0, 50)
entries = st.lists(
    st.builds(said, st.sampled_from(Purpose), st.sampled_from(Decision), hours, hours, st.integers(1, 10**6)),
    unique_by=lambda entry: entry.id,
    max_size=12,
)


@given(entries, st.randoms(use_true_random=False))
def test_the_order_in_which_entries_are_read_does_not_matter(ledger: list[Decided], random: Random) -> None:
    shuffled = list(ledger)
    random.shuffle(shuffled)
    assert rules.in_force(shuffled) == rules.in_force(ledger)


@given(entries, hours)
def test_the_past_is_what_it_would_have_been_without_the_later_entries(
    ledger: list[Decided], hour: int
) -> None:
    moment = START + timedelta(hours=hour)
    until_then = [entry for entry in ledger if entry.at <= moment]
    assert rules.granted(ledger, as_of=moment) == rules.granted(until_then)


@given(entries)
def test_nothing_is_agreed_to_without_the_archive(ledger: list[Decided]) -> None:
    state = rules.granted(ledger)
    assert set(state) == set(Purpose)
    assert state[Purpose.ARCHIVE] or not any(state.values())


@given(entries, st.sampled_from(Purpose))
def test_a_last_withdrawal_always_counts(ledger: list[Decided], purpose: Purpose) -> None:
    last = said(purpose, Decision.WITHDRAWN, 60, number=10**7)
    assert not rules.granted([*ledger, last])[purpose]


def test_granted_withdrawn_and_granted_again_is_told_at_every_moment() -> None:
    yes, no = Decision.GRANTED, Decision.WITHDRAWN
    ledger = [
        said(Purpose.ARCHIVE, yes, 0),
        said(Purpose.MARKETING_SMS, yes, 1),
        said(Purpose.MARKETING_SMS, no, 2),
        said(Purpose.MARKETING_SMS, yes, 3),
    ]
    told = [rules.granted(ledger, START + timedelta(hours=h))[Purpose.MARKETING_SMS] for h in range(4)]
    assert told == [False, True, False, True]


def test_an_entry_written_down_late_counts_from_when_it_was_said() -> None:
    ledger = [
        said(Purpose.ARCHIVE, Decision.GRANTED, 5, recorded=5, number=1),
        said(Purpose.ARCHIVE, Decision.WITHDRAWN, 3, recorded=9, number=2),
    ]
    assert rules.granted(ledger)[Purpose.ARCHIVE]


@pytest.mark.parametrize(
    ("purpose", "decision", "affected"),
    [
        (Purpose.MARKETING_SMS, Decision.WITHDRAWN, ["marketing_sms"]),
        (Purpose.ARCHIVE, Decision.GRANTED, ["archive"]),
        (Purpose.ARCHIVE, Decision.WITHDRAWN, ["archive", "service_sms", "marketing_sms"]),
    ],
)
def test_whoever_leaves_the_archive_withdraws_everything_still_granted(
    purpose: Purpose, decision: Decision, affected: list[str]
) -> None:
    state = {Purpose.ARCHIVE: True, Purpose.SERVICE_SMS: True, Purpose.MARKETING_SMS: True}
    assert rules.affected_by(purpose, decision, state) == affected


def test_a_no_at_first_asking_leaves_no_row() -> None:
    answers = {Purpose.ARCHIVE: True, Purpose.MARKETING_SMS: False}
    assert rules.agreed_to(answers) == [Purpose.ARCHIVE]
