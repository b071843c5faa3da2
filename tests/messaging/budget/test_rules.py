"""Slots, gaps and dated settings."""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
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
    rank: int = 1
    held_back: int = 0


def choose(setting: Setting, taken: list[Taken], send_at: datetime) -> Free | Refused | None:
    return rules.choose({setting.message_class: setting}, setting.message_class, taken, send_at)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


def taken(*days: str, slot: int = 1, kind: str = "service") -> list[Taken]:
    return [Taken("monthly", day[:7], slot + n, date.fromisoformat(day), kind) for n, day in enumerate(days)]


def test_slots_are_given_out_from_the_lowest() -> None:
    assert choose(Setting(), [], at("2026-11-10T10:00")) == Free("monthly", "2026-11", 1)
    assert choose(Setting(), taken("2026-11-01"), at("2026-11-10T10:00")) == Free("monthly", "2026-11", 2)


def test_a_released_slot_is_given_out_again() -> None:
    assert choose(Setting(), taken("2026-11-01", slot=2), at("2026-11-10T10:00")) == Free(
        "monthly", "2026-11", 1
    )


def test_the_month_is_shanghais_to_the_second() -> None:
    full = taken("2026-01-05", "2026-01-20")
    last, first = at("2026-01-31T23:59:59"), at("2026-02-01T00:00:00")
    assert choose(Setting(), full, last) == Refused("cap-reached", first.astimezone(UTC))
    assert choose(Setting(), full, first) == Free("monthly", "2026-02", 1)


def test_another_pool_has_slots_of_its_own() -> None:
    full = taken("2026-11-01", "2026-11-02")
    own = Setting(message_class="holiday", pool="holiday", cap=1)
    assert choose(own, full, at("2026-11-10T10:00")) == Free("holiday", "2026-11", 1)


ORDER = {
    "service": Setting(rank=1), "intro": Setting("intro", rank=2), "holiday": Setting("holiday", rank=3),
    "marketing": Setting("marketing", rank=4, held_back=1),
}  # fmt: skip


@pytest.mark.parametrize(
    ("had", "wins"),
    [([], True), (["intro"], True), (["service"], True), (["marketing"], False), (["holiday"], True)],
)
def test_advertising_takes_the_last_slot_only_after_something_more_important(
    had: list[str], wins: bool
) -> None:
    used = [t for n, kind in enumerate(had) for t in taken("2026-11-01", slot=n + 1, kind=kind)]
    choice = rules.choose(ORDER, "marketing", used, at("2026-11-10T10:00"))
    assert isinstance(choice, Free) == wins
    assert wins or choice == Refused("cap-reached", at("2026-12-01T00:00").astimezone(UTC), held_back=True)
    assert isinstance(rules.choose(ORDER, "service", used, at("2026-11-10T10:00")), Free)


def test_the_sharers_of_a_pool_are_told_in_the_order_in_which_they_come() -> None:
    assert rules.sharers(ORDER, "marketing") == ["service", "intro", "holiday", "marketing"]
    assert rules.sharers({"notice": Setting("notice", pool=None)}, "notice") == []


def test_a_class_without_a_pool_takes_no_slot() -> None:
    assert choose(Setting(message_class="notice", pool=None), [], at("2026-11-10T10:00")) is None


def test_the_gap_is_kept_before_and_after_and_over_the_end_of_the_month() -> None:
    spaced = Setting(min_gap_days=7)
    refused = choose(spaced, taken("2026-10-28"), at("2026-11-03T10:00"))
    assert refused == Refused("min-gap", at("2026-11-04T00:00"))
    assert isinstance(choose(spaced, taken("2026-11-09"), at("2026-11-03T10:00")), Refused)
    assert isinstance(choose(spaced, taken("2026-10-27"), at("2026-11-03T10:00")), Free)


def test_the_setting_in_force_is_the_latest_that_has_begun() -> None:
    old, new = Setting(), Setting(effective_from=date(2026, 12, 1), cap=1)
    assert rules.rules_on([new, old], date(2026, 11, 30))["service"].cap == 2
    assert rules.rules_on([new, old], date(2026, 12, 1))["service"].cap == 1


def test_the_next_free_moment_respects_cap_and_gap() -> None:
    spaced = Setting(min_gap_days=7)
    full = taken("2026-11-01", "2026-11-28")
    assert rules.next_free_at({"service": spaced}, "service", full, at("2026-11-29T10:00")) == at(
        "2026-12-05T00:00"
    )
    assert rules.next_free_at({"service": spaced}, "service", [], at("2026-11-29T10:00")) is None


DAYS = st.lists(st.integers(0, 120), max_size=60)


@given(DAYS, st.integers(0, 3), st.integers(0, 10))
def test_no_sequence_of_messages_breaks_cap_or_gap(days: list[int], cap: int, gap: int) -> None:
    setting, held = Setting(cap=cap, min_gap_days=gap), list[Taken]()
    for number in days:
        moment = at("2026-01-01T12:00") + timedelta(days=number)
        choice = choose(setting, held, moment)
        if isinstance(choice, Free):
            day = clock.business_date(moment)
            held.append(Taken(choice.pool, choice.month, choice.slot_no, day, "service"))
    for month in {t.month for t in held}:
        assert sum(t.month == month for t in held) <= cap
    assert len({(t.month, t.slot_no) for t in held}) == len(held)
    dates = sorted(t.day for t in held)
    assert all((later - earlier).days >= gap for earlier, later in itertools.pairwise(dates))
