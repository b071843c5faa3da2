"""Queries of what halls have and offer."""

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.facilities.errors import FacilityNotFound
from services.customer.facilities.models import Facility
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


async def get_facility(
    session: AsyncSession, facility_id: UUID, area: Area, *, lock: bool = False
) -> Facility:
    query = select(Facility).where(Facility.id == facility_id, _inside(area))
    facility = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if facility is None:
        raise FacilityNotFound
    return facility


async def facilities_page(
    session: AsyncSession,
    area: Area,
    page: PageRequest,
    *,
    hall: str | None,
    kind: str | None,
    on: date | None,
) -> Page[Any]:
    """Newest first; with `on` only what is valid that day."""
    query = select(Facility).where(_inside(area))
    if hall is not None:
        query = query.where(Facility.hall == hall)
    if kind is not None:
        query = query.where(Facility.kind == kind)
    if on is not None:
        ends = col(Facility.valid_to)
        query = query.where(col(Facility.valid_from) <= on, sa.or_(ends.is_(None), ends >= on))
    return await paginate(session, query, [(col(Facility.id), "desc")], page)


def _inside(area: Area) -> sa.ColumnElement[bool]:
    return area.clause(col(Facility.hall), col(Facility.county))
