"""Queries of the directory's copy."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from services.kpi.staff.models import Clerk, Hall
from shared.database import upsert

# Columns in queries: SQLModel types them as the values of a row.
HALL: Any = Hall
CLERK: Any = Clerk

REGION = "region"


async def put_halls(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    await upsert(session, Hall, rows, key=["code"], newer_by="version")


async def put_clerks(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    await upsert(session, Clerk, rows, key=["staff_no"], newer_by="version")


async def halls_in_service(session: AsyncSession, first: date, last: date) -> Sequence[Hall]:
    """Halls that existed on any of these days."""
    statement = select(Hall).where(_in_service(Hall, first, last)).order_by(HALL.code)
    return (await session.scalars(statement)).all()


async def clerks_in_post(session: AsyncSession, first: date, last: date) -> Sequence[Clerk]:
    """Staff of the halls who were in post on any of these days."""
    statement = select(Clerk).where(_in_service(Clerk, first, last), CLERK.hall != "")
    return (await session.scalars(statement.order_by(CLERK.staff_no))).all()


async def names(session: AsyncSession) -> dict[tuple[str, str], str]:
    """What to call each subject: (level, code) → name."""
    found: dict[tuple[str, str], str] = {("region", REGION): "全区"}
    for hall in (await session.scalars(select(Hall))).all():
        found["hall", hall.code] = hall.name
        found["county", hall.county] = hall.county_name
    for clerk in (await session.scalars(select(Clerk))).all():
        found["clerk", clerk.staff_no] = clerk.name
    return found


async def unknown_codes(session: AsyncSession, codes: Iterable[str]) -> list[str]:
    """Those of the hall codes that the directory does not have."""
    wanted = set(codes)
    known = set((await session.scalars(select(HALL.code).where(HALL.code.in_(wanted)))).all())
    return sorted(wanted - known)


async def place_of(session: AsyncSession, level: str, subject: str) -> tuple[str, str] | None:
    """(county, hall) of a subject as it is now, empty above; None when the directory does not have it."""
    if level == "region":
        return ("", "") if subject == REGION else None
    if level == "county":
        known = await session.scalar(select(HALL.code).where(HALL.county == subject).limit(1))
        return (subject, "") if known else None
    found: Any = await session.get(Hall if level == "hall" else Clerk, subject)
    if found is None:
        return None
    return found.county, found.code if level == "hall" else found.hall


def _in_service(table: Any, first: date, last: date) -> sa.ColumnElement[bool]:
    not_over = sa.or_(table.effective_to.is_(None), table.effective_to >= first)
    return sa.and_(table.effective_from <= last, not_over)
