"""Queries of the catalogue; it has tens of rows."""

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.kpi.indicators.errors import IndicatorNotFound
from services.kpi.indicators.models import Indicator


async def catalogue(session: AsyncSession) -> Sequence[Indicator]:
    return (await session.scalars(select(Indicator).order_by(col(Indicator.position)))).all()


async def get_indicator(session: AsyncSession, code: str) -> Indicator:
    found = await session.get(Indicator, code)
    if found is None:
        raise IndicatorNotFound
    return found


async def unknown_codes(session: AsyncSession, codes: Iterable[str]) -> list[str]:
    wanted = set(codes)
    known = set((await session.scalars(select(Indicator.code).where(col(Indicator.code).in_(wanted)))).all())
    return sorted(wanted - known)
