"""Queries of the periods' states."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from services.kpi.periods.models import PeriodState
from shared.database import insert_new

# Columns in queries: SQLModel types them as the values of a row.
STATE: Any = PeriodState


async def locked(session: AsyncSession, code: str) -> PeriodState:
    """The period's state, made if new and held until the transaction ends: one run at a time works on a period."""
    row = {"code": code, "version": 1}
    await insert_new(session, PeriodState, [row], key=["code"])
    statement = select(PeriodState).where(STATE.code == code).with_for_update()
    return (await session.scalars(statement)).one()


async def state_or_none(session: AsyncSession, code: str) -> PeriodState | None:
    return await session.get(PeriodState, code)


async def states(session: AsyncSession, codes: Iterable[str]) -> dict[str, PeriodState]:
    statement = select(PeriodState).where(STATE.code.in_(set(codes)))
    return {state.code: state for state in (await session.scalars(statement)).all()}


async def last_closed_month(session: AsyncSession) -> str | None:
    """The latest month that is closed; quarters do not count."""
    closed = STATE.closed_at.is_not(None), sa.not_(STATE.code.contains("Q"))
    return await session.scalar(sa.select(sa.func.max(STATE.code)).where(*closed))
