"""Queries of checks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.checks.models import RecordCheck
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One clerk's records that were checked in a period."""

    hall: str
    clerk: str
    checks: int
    fields_right: int
    fields_checked: int


async def checks_page(session: AsyncSession, customer_id: UUID, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(RecordCheck).where(RecordCheck.customer_id == customer_id)
    return await paginate(session, query, [(col(RecordCheck.id), "desc")], page)


async def accuracy(
    session: AsyncSession, start: datetime, end: datetime, area: Area, hall: str | None
) -> list[Accuracy]:
    """By hall and clerk."""
    c = RecordCheck
    by = col(c.hall), col(c.clerk)
    sums = sa.func.count(), sa.func.sum(c.fields_right), sa.func.sum(c.fields_checked)
    query = sa.select(*by, *sums).where(
        col(c.at) >= start, col(c.at) < end, area.clause(col(c.hall), col(c.county))
    )
    if hall is not None:
        query = query.where(col(c.hall) == hall)
    rows = await session.execute(query.group_by(*by).order_by(*by))
    return [Accuracy(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(RecordCheck).where(RecordCheck.customer_id == customer_id).order_by(col(RecordCheck.id))
    found = await session.scalars(query)
    return {"record_checks": [{"at": c.at, "checked_by": c.checked_by, "fields": c.fields} for c in found]}
