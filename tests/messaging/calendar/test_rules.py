"""Which days are worked, which are greeted on, and what the packages know."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.calendar import rules
from services.messaging.calendar.gateways.borax import Festivals
from services.messaging.calendar.gateways.chinesecalendar import NoticedDays
from services.messaging.calendar.models import CalendarDay
from services.messaging.calendar.rules import HallCalendar, Noted, Wrong
from shared import clock

EVERYWHERE, COUNTY, HALL = "*", "zizhong", "ZZ01"


def day(
    text: str,
    *,
    place: str = EVERYWHERE,
    workday: bool | None = None,
    greeted: bool = False,
    name: str = "节",
) -> CalendarDay:
    return CalendarDay(
        day=date.fromisoformat(text), place=place, kind="local", name=name, is_workday=workday, greeted=greeted,
        source="test", updated_by="test", updated_at=clock.now(),
    )  # fmt: skip


def calendar(*days: CalendarDay) -> HallCalendar:
    return HallCalendar(days, HALL, COUNTY)


def test_days_off_and_make_up_days_come_before_the_weekday() -> None:
    known = calendar(day("2026-02-17", workday=False), day("2026-02-14", workday=True))
    assert not known.is_workday(date(2026, 2, 17))
    assert known.is_workday(date(2026, 2, 14)), "a Saturday that is worked"
    assert not known.is_workday(date(2026, 2, 21))
    assert known.is_workday(date(2026, 2, 25))


def test_the_hall_comes_before_its_county_and_that_before_everywhere() -> None:
    local = day("2026-03-03", place=HALL, workday=False)
    county = day("2026-03-03", place=COUNTY, workday=True)
    everywhere = day("2026-03-03", workday=True)
    assert not calendar(everywhere, county, local).is_workday(date(2026, 3, 3))
    assert calendar(everywhere, day("2026-03-03", place="ZZ02", workday=False)).is_workday(date(2026, 3, 3))


def test_a_festival_alone_does_not_say_whether_the_day_is_worked() -> None:
    known = calendar(day("2026-03-03", greeted=True, name="元宵节"))
    assert known.is_workday(date(2026, 3, 3))
    assert known.festivals(date(2026, 3, 1), date(2026, 3, 31)) == [(date(2026, 3, 3), "元宵节")]


def test_a_hall_may_leave_a_greeting_out() -> None:
    everywhere, hall = day("2026-03-03", greeted=True), day("2026-03-03", place=HALL)
    assert calendar(everywhere, hall).festivals(date(2026, 3, 1), date(2026, 3, 31)) == []


OF_2026 = [day(n.day.isoformat(), workday=n.is_workday) for n in NoticedDays().days_of(2026) or []]


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_a_year_without_data_goes_by_the_weekday(some: date) -> None:
    assert calendar().is_workday(some) == (some.weekday() < 5)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 60))
def test_workdays_are_exactly_the_days_that_are_worked(first: date, length: int) -> None:
    known = calendar(*OF_2026)
    last = first + timedelta(days=length)
    brute = [first + timedelta(days=n) for n in range(length + 1)]
    assert known.workdays(first, last) == [each for each in brute if known.is_workday(each)]


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("春节", "2026-02-17"), ("除夕", "2026-02-16"), ("元宵节", "2026-03-03"), ("端午节", "2026-06-19"),
        ("中秋节", "2026-09-25"), ("重阳节", "2026-10-18"), ("春节", "2025-01-29"), ("中秋节", "2025-10-06"),
        ("春节", "2027-02-06"), ("国庆节", "2026-10-01"), ("除夕", "2024-02-09"),
    ],
)  # fmt: skip
def test_lunar_festivals_fall_on_the_days_the_almanac_says(name: str, on: str) -> None:
    found = {n.day: n.name for n in Festivals().days_of(int(on[:4])) or []}
    assert found[date.fromisoformat(on)] == name


def test_a_festival_on_a_day_off_stays_a_day_off_and_is_greeted_on() -> None:
    days = rules.merged(NoticedDays().days_of(2026) or [], Festivals().days_of(2026) or [])
    by_day = {d.day: d for d in days}
    spring = by_day[date(2026, 2, 17)]
    assert (spring.kind, spring.name, spring.is_workday, spring.greeted) == ("statutory", "春节", False, True)
    assert (by_day[date(2026, 2, 18)].is_workday, by_day[date(2026, 2, 18)].greeted) == (False, False)
    eve = by_day[date(2026, 2, 16)]
    assert (eve.name, eve.greeted) == ("除夕", False), "nobody is greeted twice within two days"
    assert by_day[date(2026, 2, 14)].is_workday
    assert by_day[date(2026, 3, 3)].is_workday is None


def test_sources_say_when_they_do_not_know_a_year() -> None:
    assert NoticedDays().days_of(2101) is None
    assert Festivals().days_of(2101) is None


def test_next_year_is_needed_from_december_on() -> None:
    assert rules.years_wanted(date(2026, 11, 30)) == (2026,)
    assert rules.years_wanted(date(2026, 12, 1)) == (2026, 2027)


def test_a_line_of_a_file_is_read_as_people_write_it() -> None:
    assert rules.read_row(2, ("2027-02-06", "放假", "春节", "", "是")) == Noted(
        date(2027, 2, 6), "statutory", "春节", is_workday=False, greeted=True
    )
    assert rules.read_row(3, ("2027/02/20", "调休", "春节调休")) == Noted(
        date(2027, 2, 20), "makeup", "春节调休", is_workday=True, greeted=False
    )
    local = rules.read_row(4, ("2027-03-01", "本地节日", "桃花节", "zizhong", "是"))
    assert isinstance(local, Noted)
    assert (local.place, local.is_workday) == ("zizhong", None)


@pytest.mark.parametrize(
    "cells",
    [
        ("2027-13-01", "放假", "x"), ("2027-02-06", "休息", "x"), ("2027-02-06", "放假"),
        ("2027-02-06", "放假", "x", "", "也许"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(cells: tuple[str, ...]) -> None:
    wrong = rules.read_row(7, cells)
    assert isinstance(wrong, Wrong)
    assert wrong.detail.startswith("第 7 行")
