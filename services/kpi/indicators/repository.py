"""Queries of the catalogue; it has tens of rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from services.kpi.indicators.errors import IndicatorNotFound
from services.kpi.indicators.models import Indicator

# Columns in queries: SQLModel types them as the values of a row.
INDICATOR: Any = Indicator


async def catalogue(session: AsyncSession) -> Sequence[Indicator]:
    return (await session.scalars(select(Indicator).order_by(INDICATOR.position))).all()


async def get_indicator(session: AsyncSession, code: str) -> Indicator:
    found = await session.get(Indicator, code)
    if found is None:
        raise IndicatorNotFound
    return found


async def unknown_codes(session: AsyncSession, codes: Iterable[str]) -> list[str]:
    wanted = set(codes)
    known = set((await session.scalars(select(INDICATOR.code).where(INDICATOR.code.in_(wanted)))).all())
    return sorted(wanted - known)
