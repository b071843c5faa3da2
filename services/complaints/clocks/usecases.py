"""Adding versions of policies and calendars, and the terms that a ticket's clocks go by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.clocks import repository
from services.complaints.clocks.errors import CalendarInvalid, PolicyInvalid
from services.complaints.clocks.models import (
    ADMINISTRATOR,
    DIRECTORY,
    EVERY_HALL,
    CalendarDay,
    CalendarVersion,
    HallCalendar,
    Policy,
    PolicyLimit,
)
from services.complaints.clocks.ports import HolidaySource
from services.complaints.clocks.rules import calendars, policies
from services.complaints.clocks.rules.calendars import Intervals
from services.complaints.clocks.rules.policies import Subject
from services.complaints.clocks.rules.timing import Terms
from shared import clock
from shared.database import insert_rows
from shared.days_off import ExceptionalDay

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Versions:
    """What a ticket remembers of the terms it was opened under."""

    policy: int
    calendar_hall: str
    calendar: int
    days: int


@dataclass(frozen=True, slots=True)
class PublishPolicy:
    """A new version of all limits."""

    limits: Sequence[Mapping[str, Any]]
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class SetHallCalendar:
    """A hall's hours of business, set by an administrator; the directory no longer changes them."""

    hall: str
    hours: Mapping[int, Intervals]
    holiday: Intervals
    makeup: Intervals
    by: str


@dataclass(frozen=True, slots=True)
class LoadCalendarYear:
    """The exceptional days of one year; they replace what was known of that year."""

    year: int
    days: Sequence[ExceptionalDay]
    source: str
    by: str


async def current_terms(
    session: AsyncSession, subjects: Mapping[str, Iterable[Subject]]
) -> dict[tuple[str, Subject], tuple[Terms, Versions]]:
    """The terms in force now, by hall and subject, with the versions to remember."""
    policy = await repository.latest_policy(session)
    limits = await repository.limits_of(session, policy.version)
    own = await repository.latest_calendars(session, [*subjects, EVERY_HALL])
    days = await repository.day_rules(session)
    found: dict[tuple[str, Subject], tuple[Terms, Versions]] = {}
    for hall, asked in subjects.items():
        calendar = own.get(hall, own[EVERY_HALL])
        versions = Versions(policy.version, calendar.hall, calendar.version, days.version)
        hours = calendar.with_days(days)
        for subject in asked:
            terms = Terms(policies.limits_for(limits, subject), hours, policy.version)
            found[hall, subject] = terms, versions
    return found


async def terms_under(session: AsyncSession, versions: Versions, subject: Subject) -> Terms:
    """The terms of those versions, whatever is in force now."""
    limits = await repository.limits_of(session, versions.policy)
    calendar = await repository.calendar_of(session, versions.calendar_hall, versions.calendar)
    days = await repository.day_rules(session, versions.days)
    return Terms(policies.limits_for(limits, subject), calendar.with_days(days), versions.policy)


async def publish_policy(session: AsyncSession, command: PublishPolicy, *, now: datetime) -> Policy:
    """Open tickets keep the version they were opened under; raises PolicyInvalid."""
    version = (await repository.latest_policy(session)).version + 1
    rows = [PolicyLimit(version=version, **limit) for limit in command.limits]
    try:
        policies.check_rows(rows)
    except ValueError as error:
        raise PolicyInvalid(reason=str(error)) from error
    policy = Policy(version=version, created_at=now, created_by=command.by, note=command.note)
    session.add(policy)
    await session.flush()
    await insert_rows(session, PolicyLimit, rows)
    return policy


async def set_hall_calendar(
    session: AsyncSession, command: SetHallCalendar, *, now: datetime
) -> HallCalendar:
    """Add a version that the directory's opening hours no longer replace; raises CalendarInvalid."""
    if not calendars.is_workable(command.hours):
        raise CalendarInvalid(reason="一周的营业时间合计不能少于 10 小时")
    known = (await repository.latest_calendars(session, [command.hall])).get(command.hall)
    calendar = HallCalendar(
        hall=command.hall,
        version=known.version + 1 if known else 1,
        hours={str(day): [list(span) for span in spans] for day, spans in command.hours.items()},
        holiday=[list(span) for span in command.holiday],
        makeup=[list(span) for span in command.makeup],
        source=ADMINISTRATOR,
        created_at=now,
        created_by=command.by,
    )
    session.add(calendar)
    await session.flush()
    return calendar


async def follow_opening_hours(
    session: AsyncSession, opening: Mapping[str, Sequence[Mapping[str, object]]], *, now: datetime
) -> None:
    """Add a version for each hall whose opening hours became different, unless an administrator set its calendar."""
    known = await repository.latest_calendars(session, list(opening))
    for hall, parts in opening.items():
        hours, old = calendars.hours_of(parts), known.get(hall)
        new = HallCalendar.from_directory(hall, old.version + 1 if old else 1, hours, now=now)
        if not calendars.is_workable(hours):
            log.warning("calendar.hours_not_workable", hall=hall)
        elif old is None or (old.source == DIRECTORY and old.hours != new.hours):
            session.add(new)
    await session.flush()


async def load_calendar_year(
    session: AsyncSession, command: LoadCalendarYear, *, now: datetime
) -> CalendarVersion:
    """Add a version of the exceptional days in which this year is as given; raises CalendarInvalid."""
    if any(day.day.year != command.year for day in command.days):
        raise CalendarInvalid(reason=f"只能包含 {command.year} 年的日期")
    latest = await repository.latest_days(session)
    kept = [
        day for day in await repository.calendar_days(session, latest.version) if day.day.year != command.year
    ]
    loaded = CalendarVersion(
        version=latest.version + 1,
        years=sorted({*latest.years, command.year}),
        source=command.source,
        created_at=now,
        created_by=command.by,
    )
    session.add(loaded)
    await session.flush()
    days = [*((d.day, d.is_workday, d.name) for d in kept), *command.days]
    columns = ("day", "is_workday", "name")
    rows = [{"version": loaded.version, **dict(zip(columns, day, strict=True))} for day in days]
    await insert_rows(session, CalendarDay, rows)
    return loaded


async def look_after_calendar(session: AsyncSession, source: HolidaySource, *, now: datetime) -> None:
    """Load this year and the next as soon as the source knows them; alarm about a year that nobody has loaded."""
    today = clock.business_date(now)
    for year in (today.year, today.year + 1):
        if year in (await repository.latest_days(session)).years:
            continue
        days = source.days_of(year)
        if days is not None:
            await load_calendar_year(session, LoadCalendarYear(year, days, source.name, source.name), now=now)
        elif year == today.year or today.month == 12:
            log.error("calendar.year_missing", year=year, effect="weekday rule")
