"""Loading years, correcting days, taking a file over, and the calendar of a hall."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.calendar import repository, rules
from services.messaging.calendar.errors import CalendarFileInvalid, PlaceUnknown
from services.messaging.calendar.models import ADMINISTRATOR, CalendarDay, CalendarYear
from services.messaging.calendar.ports import DaySource
from services.messaging.calendar.rules import EVERYWHERE, HallCalendar, Noted, Wrong
from shared import clock
from shared.errors import FieldError
from shared.security.tenancy import Area
from shared.spreadsheets import read_rows

log = structlog.get_logger(__name__)

MOST_ROWS = 2000


@dataclass(frozen=True, slots=True)
class ImportDays:
    """The lines of a file; `whole_years` says that it holds every day off of its years."""

    rows: Sequence[Noted | Wrong]
    whole_years: bool
    by: str


async def look_after_calendar(
    session: AsyncSession, days_off: DaySource, festivals: DaySource, *, now: datetime
) -> None:
    """Load this year and the next as soon as a source knows them; alarm about a year without days off."""
    today, known = clock.business_date(now), await repository.years(session)
    for year in (today.year, today.year + 1):
        off = days_off.days_of(year)
        before = known.get(year)
        if before is None or (off is not None and not before.days_off_known):
            await _load(session, year, off, festivals.days_of(year) or (), days_off.name, now)
    for year in missing(await repository.years(session), today):
        log.error("calendar.year_missing", year=year, effect="weekday rule")


async def note_day(session: AsyncSession, noted: Noted, *, by: str, now: datetime) -> CalendarDay:
    """Note a day or correct what is noted; it is the administrator's word from then on. Raises PlaceUnknown."""
    await _check_places(session, [noted])
    before = await repository.day_or_none(session, noted.day, noted.place)
    day = _row(noted, ADMINISTRATOR, by, now, version=before.version + 1 if before else 1)
    await repository.save_days(session, [day])
    return day


async def import_days(session: AsyncSession, command: ImportDays, *, now: datetime) -> Sequence[Noted]:
    """All lines or none. Raises CalendarFileInvalid with the lines that are wrong, PlaceUnknown."""
    wrong = [row for row in command.rows if isinstance(row, Wrong)]
    if wrong:
        errors = [FieldError(f"/rows/{w.line}", "row-invalid", w.detail) for w in wrong[:50]]
        raise CalendarFileInvalid(count=len(wrong), errors=errors)
    noted = [row for row in command.rows if isinstance(row, Noted)]
    await _check_places(session, noted)
    versions = await repository.versions_of(session, {n.day for n in noted})
    days = [
        _row(n, ADMINISTRATOR, command.by, now, version=versions.get((n.day, n.place), 0) + 1) for n in noted
    ]
    if command.whole_years:
        for year in {n.day.year for n in noted}:
            await repository.save_year(session, _year(year, ADMINISTRATOR, command.by, now, known=True))
    await repository.save_days(session, days)
    return noted


def read_file(file: BinaryIO) -> list[Noted | Wrong]:
    """The lines below the heading. Raises UnreadableFile, CalendarFileInvalid for a file too long."""
    rows = [row for row in read_rows(file) if row.cells[0] not in ("", rules.HEADINGS[0])]
    if len(rows) > MOST_ROWS:
        raise CalendarFileInvalid(count=len(rows))
    return [rules.read_row(row.line, row.cells) for row in rows]


async def calendar_of(session: AsyncSession, hall: str, county: str, first: date, last: date) -> HallCalendar:
    """The hall's days in that time."""
    return HallCalendar(await repository.days_between(session, first, last), hall, county)


def missing(known: dict[int, CalendarYear], today: date) -> list[int]:
    """Years that go by the weekday although their days off are needed by now."""
    return [y for y in rules.years_wanted(today) if y not in known or not known[y].days_off_known]


async def _load(
    session: AsyncSession,
    year: int,
    days_off: Sequence[Noted] | None,
    festivals: Iterable[Noted],
    source: str,
    now: datetime,
) -> None:
    await repository.forget_loaded(session, year)
    days = rules.merged(days_off or (), festivals)
    await repository.add_days(session, [_row(day, source, source, now) for day in days])
    await repository.save_year(session, _year(year, source, source, now, known=days_off is not None))


async def _check_places(session: AsyncSession, noted: Iterable[Noted]) -> None:
    asked = {n.place for n in noted} - {EVERYWHERE}
    unknown = asked - await audience.places_within(session, Area.everything()) if asked else set()
    if unknown:
        raise PlaceUnknown(place=min(unknown))


def _row(noted: Noted, source: str, by: str, now: datetime, *, version: int = 1) -> CalendarDay:
    return CalendarDay(
        day=noted.day, place=noted.place, version=version, kind=noted.kind, name=noted.name,
        is_workday=noted.is_workday, greeted=noted.greeted, source=source, updated_by=by, updated_at=now,
    )  # fmt: skip


def _year(year: int, source: str, by: str, now: datetime, *, known: bool) -> CalendarYear:
    return CalendarYear(year=year, days_off_known=known, source=source, loaded_by=by, loaded_at=now)
