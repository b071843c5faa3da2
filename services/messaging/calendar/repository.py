"""Queries of calendar days and years; there are some hundred rows a year."""

from collections.abc import Iterable, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.audience import repository as audience
from services.messaging.calendar.errors import DayNotFound
from services.messaging.calendar.models import ADMINISTRATOR, CalendarDay, CalendarYear
from services.messaging.calendar.rules import EVERYWHERE
from shared.database import insert_new, upsert
from shared.security.tenancy import Area


async def days_between(session: AsyncSession, first: date, last: date) -> Sequence[CalendarDay]:
    """Every place's days, both ends included."""
    query = select(CalendarDay).where(CalendarDay.day >= first, CalendarDay.day <= last)
    return (await session.scalars(query.order_by(col(CalendarDay.day), col(CalendarDay.place)))).all()


async def days_of_year(session: AsyncSession, year: int, area: Area) -> Sequence[CalendarDay]:
    """The days that hold inside the area."""
    found = await days_between(session, date(year, 1, 1), date(year, 12, 31))
    places = {EVERYWHERE, *await audience.places_within(session, area)}
    return [day for day in found if day.place in places]


async def get_day(session: AsyncSession, day: date, place: str) -> CalendarDay:
    """Raises DayNotFound."""
    found = await day_or_none(session, day, place)
    if found is None:
        raise DayNotFound
    return found


async def day_or_none(session: AsyncSession, day: date, place: str) -> CalendarDay | None:
    return await session.get(CalendarDay, (day, place))


async def save_days(session: AsyncSession, days: Iterable[CalendarDay]) -> None:
    """Write these days, whatever was noted about them before."""
    update = ("kind", "name", "is_workday", "greeted", "source", "updated_by", "updated_at", "version")
    await upsert(session, CalendarDay, days, key=["day", "place"], update=update)


async def add_days(session: AsyncSession, days: Iterable[CalendarDay]) -> None:
    """Write the days about which nothing is noted."""
    await insert_new(session, CalendarDay, days, key=("day", "place"))


async def forget_loaded(session: AsyncSession, year: int) -> None:
    """Take out what a source had told of the year; an administrator's days stay."""
    within = col(CalendarDay.day).between(date(year, 1, 1), date(year, 12, 31))
    await session.execute(sa.delete(CalendarDay).where(within, col(CalendarDay.source) != ADMINISTRATOR))


async def versions_of(session: AsyncSession, days: Iterable[date]) -> dict[tuple[date, str], int]:
    query = sa.select(col(CalendarDay.day), col(CalendarDay.place), col(CalendarDay.version))
    rows = await session.execute(query.where(col(CalendarDay.day).in_(set(days))))
    return {(day, place): version for day, place, version in rows}


async def years(session: AsyncSession) -> dict[int, CalendarYear]:
    return {year.year: year for year in await session.scalars(select(CalendarYear))}


async def save_year(session: AsyncSession, year: CalendarYear) -> None:
    await upsert(session, CalendarYear, [year], key=["year"])
