"""Versions of policies and calendars: added, never edited."""

from datetime import date, time

import pytest

from services.complaints.clocks import repository, usecases
from services.complaints.clocks.errors import CalendarInvalid, PolicyInvalid
from services.complaints.clocks.models import CalendarVersion, HallCalendar
from shared.database import Database
from shared.days_off import ChineseCalendar, ExceptionalDay
from shared.events.customer import OpeningHours
from tests.complaints.house import AT, Tell, a_hall, count

MORNING = OpeningHours(weekdays=(1, 2, 3, 4, 5), opens=time(8, 30), closes=time(12))
AFTERNOON = OpeningHours(weekdays=(1, 2, 3, 4, 5), opens=time(14), closes=time(17, 30))


async def newest(database: Database, hall: str = "ZZ01") -> HallCalendar:
    async with database.reading() as session:
        return (await repository.latest_calendars(session, [hall]))[hall]


async def test_a_halls_opening_hours_become_its_calendar(database: Database, tell: Tell) -> None:
    await tell(a_hall("ZZ01", opening=(MORNING, AFTERNOON)))
    calendar = await newest(database)
    assert calendar.hours == {str(day): [[510, 720], [840, 1050]] for day in range(1, 6)}
    assert (calendar.version, calendar.source, calendar.makeup) == (1, "directory", [[510, 720], [840, 1050]])


@pytest.mark.both_databases
async def test_only_different_hours_are_a_new_version(database: Database, tell: Tell) -> None:
    for version in range(1, 4):
        await tell(a_hall("ZZ01", version=version))
    assert (await newest(database)).version == 1
    await tell(a_hall("ZZ01", version=4, opening=(MORNING,)))
    assert (await newest(database)).version == 2


async def test_what_an_administrator_set_the_directory_does_not_change(
    database: Database, tell: Tell
) -> None:
    await tell(a_hall("ZZ01"))
    command = usecases.SetHallCalendar("ZZ01", {1: ((480, 1200),)}, (), (), "RO01")
    async with database.transaction() as session:
        await usecases.set_hall_calendar(session, command, now=AT)
    await tell(a_hall("ZZ01", version=2, opening=(MORNING,)))
    assert (await newest(database)).hours == {"1": [[480, 1200]]}


async def test_a_calendar_that_never_opens_is_refused(database: Database) -> None:
    for hours in ({1: ()}, {1: ((540, 720),)}):
        command = usecases.SetHallCalendar("ZZ01", hours, ((540, 720),), (), "RO01")
        async with database.transaction() as session:
            with pytest.raises(CalendarInvalid):
                await usecases.set_hall_calendar(session, command, now=AT)


async def test_opening_hours_too_short_to_work_by_are_left_alone(database: Database, tell: Tell) -> None:
    hour = OpeningHours(weekdays=(1,), opens=time(9), closes=time(10))
    await tell(a_hall("ZZ01", opening=(hour,)), a_hall("ZZ02", opening=()))
    assert await count(database, HallCalendar) == 1, "the common one only"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"minutes": 21_601}, "法定时限最长 15 个自然日"),
        ({"warn_minutes": 0}, "预警时间应大于零"),
        ({"clock": "resolution"}, "缺少投诉的法定时限"),
    ],
)
async def test_no_policy_loosens_the_law(database: Database, change: dict[str, object], reason: str) -> None:
    limit = {"kind": "*", "category": "*", "source": "*", "tier": "*", "clock": "legal", "minutes": 21_600,
             "warn_minutes": 14_400, "basis": "natural", "pausable": False, **change}  # fmt: skip
    async with database.transaction() as session:
        with pytest.raises(PolicyInvalid, match="policy-invalid") as refusal:
            await usecases.publish_policy(session, usecases.PublishPolicy([limit], "", "RO01"), now=AT)
    assert reason in refusal.value.message


async def test_the_seeded_days_are_those_of_the_package(database: Database) -> None:
    async with database.reading() as session:
        rules = await repository.day_rules(session)
    known = [day for year in (2024, 2025, 2026) for day in ChineseCalendar().days_of(year) or []]
    assert rules.off == {day.day for day in known if not day.is_workday}
    assert rules.on == {day.day for day in known if day.is_workday}


class OneYear:
    """A source that knows 2027 only."""

    name = "test"

    def days_of(self, year: int) -> list[ExceptionalDay] | None:
        return [ExceptionalDay(date(2027, 1, 1), is_workday=False, name="元旦")] if year == 2027 else None


@pytest.mark.both_databases
async def test_the_next_year_is_loaded_once_it_is_known(database: Database) -> None:
    for _ in range(2):
        async with database.transaction() as session:
            await usecases.look_after_calendar(session, OneYear(), now=AT)
    async with database.reading() as session:
        rules = await repository.day_rules(session)
        earlier = await repository.day_rules(session, 1)
    assert (rules.version, sorted(rules.years)) == (2, [2024, 2025, 2026, 2027])
    assert date(2027, 1, 1) in rules.off
    assert date(2026, 10, 1) in rules.off
    assert date(2027, 1, 1) not in earlier.off, "tickets opened before keep their version"
    assert await count(database, CalendarVersion) == 2


async def test_days_of_another_year_are_refused(database: Database) -> None:
    days = [ExceptionalDay(date(2026, 1, 1), is_workday=False, name="元旦")]
    async with database.transaction() as session:
        with pytest.raises(CalendarInvalid):
            await usecases.load_calendar_year(
                session, usecases.LoadCalendarYear(2027, days, "x", "RO01"), now=AT
            )
