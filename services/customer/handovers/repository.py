"""Every query of hand-overs, inside the caller's area."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.handovers.errors import HandoverNotFound
from services.customer.handovers.models import Handover
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


async def get_handover(session: AsyncSession, handover_id: UUID, area: Area) -> Handover:
    query = select(Handover).where(Handover.id == handover_id, _within(area))
    handover = (await session.scalars(query)).one_or_none()
    if handover is None:
        raise HandoverNotFound
    return handover


async def handovers_page(session: AsyncSession, from_clerk: str, area: Area, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(Handover).where(Handover.from_clerk == from_clerk, _within(area))
    return await paginate(session, query, [(col(Handover.id), "desc")], page)


async def planned_for(session: AsyncSession, area: Area) -> Sequence[Handover]:
    """Those whose day has not come, by their day."""
    query = select(Handover).where(Handover.status == "planned", _within(area))
    return (await session.scalars(query.order_by(col(Handover.effective_from), col(Handover.id)))).all()


async def due_on(session: AsyncSession, day: date) -> Handover | None:
    """The next one whose day has come, locked."""
    query = select(Handover).where(Handover.status == "planned", Handover.effective_from <= day)
    ordered = query.order_by(col(Handover.effective_from), col(Handover.id)).limit(1)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).one_or_none()


def _within(area: Area) -> sa.ColumnElement[bool]:
    """The hall that takes over, and the one whose customers go."""
    gives = area.clause(col(Handover.of_hall), col(Handover.of_county))
    return sa.or_(area.clause(col(Handover.hall), col(Handover.county)), gives)
