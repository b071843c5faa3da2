"""Queries of call-backs."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.callbacks.models import Callback
from shared.database import insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


async def keep_task(session: AsyncSession, task: Callback) -> None:
    """Write the task unless the cycle has one."""
    await insert_new(session, Callback, [task], key=["ticket_id", "cycle"])


async def get_task(session: AsyncSession, ticket_id: UUID, cycle: int) -> Callback:
    query = select(Callback).where(col(Callback.ticket_id) == ticket_id, col(Callback.cycle) == cycle)
    return (await session.scalars(query)).one()


async def callbacks_page(
    session: AsyncSession, area: Area, status: str | None, page: PageRequest
) -> Page[Callback]:
    """The longest waiting first."""
    inside: Any = area.clause(col(Callback.hall), col(Callback.county))
    query = select(Callback).where(inside)
    if status is not None:
        query = query.where(col(Callback.status) == status)
    return await paginate(session, query, [(col(Callback.id), "asc")], page)
