"""Queries of policies and calendars by version; a version once read never changes."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.clocks.errors import PolicyNotFound
from services.complaints.clocks.models import (
    EVERY_HALL,
    CalendarDay,
    CalendarVersion,
    HallCalendar,
    Policy,
    PolicyLimit,
)
from services.complaints.clocks.rules.calendars import DayRules


async def latest_policy(session: AsyncSession) -> Policy:
    return (await session.scalars(select(Policy).order_by(col(Policy.version).desc()).limit(1))).one()


async def policy_versions(session: AsyncSession) -> Sequence[Policy]:
    return (await session.scalars(select(Policy).order_by(col(Policy.version).desc()))).all()


async def limits_of(session: AsyncSession, version: int) -> Sequence[PolicyLimit]:
    """The rows of that version; raises PolicyNotFound."""
    rows = (await session.scalars(select(PolicyLimit).where(col(PolicyLimit.version) == version))).all()
    if not rows:
        raise PolicyNotFound
    return rows


async def latest_calendars(session: AsyncSession, halls: Collection[str]) -> dict[str, HallCalendar]:
    """The newest calendar of each of these halls that has one."""
    newest = (
        sa.select(col(HallCalendar.hall), sa.func.max(col(HallCalendar.version)).label("version"))
        .where(col(HallCalendar.hall).in_(halls))
        .group_by(col(HallCalendar.hall))
        .subquery()
    )
    on = sa.and_(col(HallCalendar.hall) == newest.c.hall, col(HallCalendar.version) == newest.c.version)
    found = (await session.scalars(select(HallCalendar).join(newest, on))).all()
    return {calendar.hall: calendar for calendar in found}


async def calendar_of(session: AsyncSession, hall: str, version: int) -> HallCalendar:
    return (await session.scalars(
        select(HallCalendar).where(col(HallCalendar.hall) == hall, col(HallCalendar.version) == version)
    )).one()  # fmt: skip


async def all_calendars(session: AsyncSession) -> Sequence[HallCalendar]:
    """The newest calendar of every hall, the common one first."""
    halls = (await session.scalars(select(HallCalendar.hall).distinct())).all()
    return sorted(
        (await latest_calendars(session, halls)).values(), key=lambda c: (c.hall != EVERY_HALL, c.hall)
    )


async def latest_days(session: AsyncSession) -> CalendarVersion:
    newest = select(CalendarVersion).order_by(col(CalendarVersion.version).desc()).limit(1)
    return (await session.scalars(newest)).one()


async def calendar_days(session: AsyncSession, version: int) -> Sequence[CalendarDay]:
    query = select(CalendarDay).where(col(CalendarDay.version) == version).order_by(col(CalendarDay.day))
    return (await session.scalars(query)).all()


async def day_rules(session: AsyncSession, version: int | None = None) -> DayRules:
    """The exceptional days of a version, the newest by default."""
    known = await session.get(CalendarVersion, version) if version else await latest_days(session)
    if known is None:
        return DayRules(0)
    days = await calendar_days(session, known.version)
    return DayRules(
        version=known.version,
        off=frozenset(day.day for day in days if not day.is_workday),
        on=frozenset(day.day for day in days if day.is_workday),
        years=frozenset(known.years),
    )
