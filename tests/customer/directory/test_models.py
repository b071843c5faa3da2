"""Verbs of halls and clerks: versions, events, guarded dates."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.customer.directory.errors import DatesReversed
from services.customer.directory.models import Clerk, County, Hall
from shared.events.customer import HallChanged, OpeningHours
from tests.customer.organisation import a_clerk, a_hall

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ZIZHONG = County.found("zizhong", "资中", now=NOW)


def an_open_hall(**facts: Any) -> tuple[Hall, HallChanged]:
    return Hall.open(a_hall("ZZ01", "zizhong", "大十字营业厅", **facts), ZIZHONG, now=NOW)


def test_a_new_hall_says_all_that_others_need_to_know() -> None:
    hall, opened = an_open_hall()
    assert (opened.code, opened.version, opened.key) == ("ZZ01", 1, "ZZ01")
    assert (opened.full_name, opened.short_name) == (hall.registered_name, hall.name)
    assert (opened.county, opened.county_name, opened.number) == ("zizhong", "资中", "0832-5520000")
    assert (opened.busy_from_day, opened.busy_to_day) == (25, 5)
    assert (opened.sms_from, opened.sms_until) == (time(8), time(21))
    assert opened.opening_hours == (
        OpeningHours(weekdays=(1, 2, 3, 4, 5, 6, 7), opens=time(9), closes=time(18)),
    )


def test_a_hall_without_a_first_day_counts_from_the_business_day_it_is_opened() -> None:
    late = datetime(2026, 11, 25, 17, tzinfo=UTC)
    facts = {
        name: value for name, value in a_hall("ZZ01", "zizhong", "厅").items() if name != "effective_from"
    }
    hall, _ = Hall.open(facts, ZIZHONG, now=late)
    assert hall.effective_from == date(2026, 11, 26)


def test_several_intervals_a_day_and_days_that_differ_are_said_as_they_are() -> None:
    _, opened = an_open_hall(
        opening={"mon": [["09:00", "12:00"], ["14:00", "18:00"]], "sat": [["09:00", "12:00"]]}
    )
    assert opened.opening_hours == (
        OpeningHours(weekdays=(1, 6), opens=time(9), closes=time(12)),
        OpeningHours(weekdays=(1,), opens=time(14), closes=time(18)),
    )


def test_a_change_raises_the_version_and_says_the_hall_as_it_is_now() -> None:
    hall, _ = an_open_hall()
    changed = hall.change({"number": "0832-5529999"}, ZIZHONG, now=LATER)
    assert changed is not None
    assert (changed.version, changed.number, changed.occurred_at) == (2, "0832-5529999", LATER)
    assert (hall.version, hall.updated_at) == (2, LATER)


def test_a_change_to_the_same_values_says_nothing_and_keeps_the_version() -> None:
    hall, _ = an_open_hall()
    assert hall.change({"name": hall.name, "busy_from_day": 25}, ZIZHONG, now=LATER) is None
    assert (hall.version, hall.updated_at) == (1, NOW)


def test_a_hall_cannot_close_before_it_opened() -> None:
    hall, _ = an_open_hall()
    with pytest.raises(DatesReversed):
        hall.change({"effective_to": date(2025, 12, 31)}, ZIZHONG, now=LATER)


def test_a_clerk_cannot_leave_before_they_came() -> None:
    with pytest.raises(DatesReversed):
        Clerk.appoint(a_clerk("ZZ0101", "张强", county="zizhong", effective_to=date(2025, 1, 1)), now=NOW)


def test_a_clerk_who_leaves_is_said_with_the_last_day() -> None:
    clerk, appointed = Clerk.appoint(a_clerk("ZZ0101", "张强", county="zizhong"), now=NOW)
    left = clerk.change({"effective_to": date(2026, 11, 30)}, now=LATER)
    assert left is not None
    assert (appointed.version, appointed.effective_to) == (1, None)
    assert (left.version, left.effective_to) == (2, date(2026, 11, 30))
