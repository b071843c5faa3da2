"""Slots, gaps and dated settings."""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.budget import rules
from services.messaging.budget.rules import Free, Refused, Taken
from shared import clock


@dataclass
class Setting:
    message_class: str = "service"
    effective_from: date = date(2026, 1, 1)
    pool: str | None = "monthly"
    cap: int = 2
    min_gap_days: int = 0


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


def taken(*days: str, slot: int = 1, kind: str = "service") -> list[Taken]:
    return [Taken("monthly", day[:7], slot + n, date.fromisoformat(day), kind) for n, day in enumerate(days)]


def test_slots_are_given_out_from_the_lowest() -> None:
    assert rules.choose(Setting(), [], at("2026-11-10T10:00")) == Free("monthly", "2026-11", 1)
    assert rules.choose(Setting(), taken("2026-11-01"), at("2026-11-10T10:00")) == Free(
        "monthly", "2026-11", 2
    )


def test_a_released_slot_is_given_out_again() -> None:
    assert rules.choose(Setting(), taken("2026-11-01", slot=2), at("2026-11-10T10:00")) == Free(
        "monthly", "2026-11", 1
    )


def test_the_month_is_shanghais_to_the_second() -> None:
    full = taken("2026-01-05", "2026-01-20")
    last, first = at("2026-01-31T23:59:59"), at("2026-02-01T00:00:00")
    assert rules.choose(Setting(), full, last) == Refused("cap-reached", first.astimezone(UTC))
    assert rules.choose(Setting(), full, first) == Free("monthly", "2026-02", 1)


def test_another_pool_has_slots_of_its_own() -> None:
    full = taken("2026-11-01", "2026-11-02")
    own = Setting(message_class="holiday", pool="holiday", cap=1)
    assert rules.choose(own, full, at("2026-11-10T10:00")) == Free("holiday", "2026-11", 1)


def test_a_class_without_a_pool_takes_no_slot() -> None:
    assert rules.choose(Setting(message_class="notice", pool=None), [], at("2026-11-10T10:00")) is None


def test_the_gap_is_kept_before_and_after_and_over_the_end_of_the_month() -> None:
    spaced = Setting(min_gap_days=7)
    refused = rules.choose(spaced, taken("2026-10-28"), at("2026-11-03T10:00"))
    assert refused == Refused("min-gap", at("2026-11-04T00:00"))
    assert isinstance(rules.choose(spaced, taken("2026-11-09"), at("2026-11-03T10:00")), Refused)
    assert isinstance(rules.choose(spaced, taken("2026-10-27"), at("2026-11-03T10:00")), Free)


def test_the_setting_in_force_is_the_latest_that_has_begun() -> None:
    old, new = Setting(), Setting(effective_from=date(2026, 12, 1), cap=1)
    assert rules.rules_on([new, old], date(2026, 11, 30))["service"].cap == 2
    assert rules.rules_on([new, old], date(2026, 12, 1))["service"].cap == 1


def test_the_next_free_moment_respects_cap_and_gap() -> None:
    spaced = Setting(min_gap_days=7)
    full = taken("2026-11-01", "2026-11-28")
    assert rules.next_free_at(spaced, full, at("2026-11-29T10:00")) == at("2026-12-05T00:00")
    assert rules.next_free_at(spaced, [], at("2026-11-29T10:00")) is None


DAYS = st.lists(st.integers(0, 120), max_size=60)


@given(DAYS, st.integers(0, 3), st.integers(0, 10))
def test_no_sequence_of_messages_breaks_cap_or_gap(days: list[int], cap: int, gap: int) -> None:
    setting, held = Setting(cap=cap, min_gap_days=gap), list[Taken]()
    for number in days:
        moment = at("2026-01-01T12:00") + timedelta(days=number)
        choice = rules.choose(setting, held, moment)
        if isinstance(choice, Free):
            day = clock.business_date(moment)
            held.append(Taken(choice.pool, choice.month, choice.slot_no, day, "service"))
    for month in {t.month for t in held}:
        assert sum(t.month == month for t in held) <= cap
    assert len({(t.month, t.slot_no) for t in held}) == len(held)
    dates = sorted(t.day for t in held)
    assert all((later - earlier).days >= gap for earlier, later in itertools.pairwise(dates))
