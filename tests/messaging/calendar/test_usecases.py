"""Loading years as they become known, and an administrator's word over what packages tell."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from services.messaging.calendar import repository, usecases
from services.messaging.calendar.gateways.borax import Festivals
from services.messaging.calendar.jobs import measure_missing_years
from services.messaging.calendar.models import CalendarDay
from services.messaging.calendar.rules import Noted
from services.messaging.calendar.usecases import ImportDays
from shared.database import Database
from shared.runtime import Runtime
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
NOVEMBER = datetime(2026, 11, 25, tzinfo=UTC)


class Notices:
    """The notices of some years."""

    name = "notices"

    def __init__(self, *years: int) -> None:
        self.years = years

    def days_of(self, year: int) -> Sequence[Noted] | None:
        if year not in self.years:
            return None
        return [Noted(date(year, 10, 1), "statutory", "国庆节", is_workday=False, greeted=False)]


async def look(database: Database, *years: int, now: datetime = NOVEMBER) -> None:
    async with database.transaction() as session:
        await usecases.look_after_calendar(session, Notices(*years), Festivals(), now=now)


async def missing(database: Database, today: date) -> list[int]:
    async with database.reading() as session:
        return usecases.missing(await repository.years(session), today)


async def test_both_years_are_loaded_with_their_festivals_and_an_unknown_one_raises_the_alarm(
    database: Database, shelf: Shelf
) -> None:
    await look(database, 2026)
    assert await missing(database, date(2026, 11, 25)) == []
    assert await missing(database, date(2026, 12, 1)) == [2027]
    greeted = {d.day: d.name for d in await shelf.rows(CalendarDay) if d.greeted}
    assert (greeted[date(2026, 10, 1)], greeted[date(2027, 2, 6)]) == ("国庆节", "春节")
    await look(database, 2026, 2027)
    assert await missing(database, date(2026, 12, 1)) == []
    days = [d for d in await shelf.rows(CalendarDay) if d.is_workday is False]
    assert {d.day for d in days} == {date(2026, 10, 1), date(2027, 10, 1)}


async def test_looking_again_changes_nothing(database: Database, shelf: Shelf) -> None:
    await look(database, 2026, 2027)
    first = await shelf.rows(CalendarDay)
    await look(database, 2026, 2027)
    assert await shelf.rows(CalendarDay) == first


async def test_an_administrators_day_is_not_loaded_over(database: Database, shelf: Shelf) -> None:
    await look(database, 2026)
    spring = Noted(date(2027, 2, 6), "local", "春节", is_workday=None, greeted=False)
    async with database.transaction() as session:
        await usecases.note_day(session, spring, by="office", now=NOVEMBER)
    await look(database, 2026, 2027)
    (noted,) = [d for d in await shelf.rows(CalendarDay) if d.day == spring.day]
    assert (noted.greeted, noted.updated_by, noted.version) == (False, "office", 2)


async def test_a_file_of_the_whole_year_ends_the_alarm(database: Database) -> None:
    await look(database)
    assert await missing(database, date(2026, 11, 25)) == [2026]
    rows = [Noted(date(2026, 12, 31), "statutory", "元旦", is_workday=False, greeted=False)]
    async with database.transaction() as session:
        await usecases.import_days(session, ImportDays(rows, whole_years=False, by="office"), now=NOVEMBER)
    assert await missing(database, date(2026, 11, 25)) == [2026]
    async with database.transaction() as session:
        await usecases.import_days(session, ImportDays(rows, whole_years=True, by="office"), now=NOVEMBER)
    assert await missing(database, date(2026, 11, 25)) == []


async def test_the_gauge_tells_how_many_years_go_by_the_weekday(runtime: Runtime) -> None:
    stop, labels = asyncio.Event(), {"service": "messaging"}
    loop = asyncio.create_task(measure_missing_years(runtime, stop))
    async with asyncio.timeout(10):
        while not runtime.metrics.registry.get_sample_value("hall_calendar_years_missing", labels):
            await asyncio.sleep(0.02)
    stop.set()
    await loop
