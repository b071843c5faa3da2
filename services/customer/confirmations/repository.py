"""Queries of codes; whoever asks with an area sees nothing outside it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.confirmations.errors import ConsentCodeNotFound
from services.customer.confirmations.models import ConsentCode
from shared.security.tenancy import Area


async def get_code(
    session: AsyncSession, customer_id: UUID, code_id: UUID, area: Area, *, lock: bool = False
) -> ConsentCode:
    within = area.clause(col(ConsentCode.hall), col(ConsentCode.county))
    query = select(ConsentCode).where(
        ConsentCode.id == code_id, ConsentCode.customer_id == customer_id, within
    )
    code = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if code is None:
        raise ConsentCodeNotFound
    return code


async def latest_of(session: AsyncSession, customer_id: UUID) -> ConsentCode | None:
    query = select(ConsentCode).where(ConsentCode.customer_id == customer_id)
    return (await session.scalars(query.order_by(col(ConsentCode.id).desc()).limit(1))).one_or_none()


async def number_on(session: AsyncSession, customer_id: UUID, day: date) -> int:
    """How many codes the customer was sent that day."""
    mine = sa.and_(col(ConsentCode.customer_id) == customer_id, col(ConsentCode.day) == day)
    return int(await session.scalar(sa.select(sa.func.count()).where(mine)) or 0)


async def end_open(session: AsyncSession, customer_id: UUID, now: datetime) -> None:
    """The newest code is the only one that works."""
    still = (col(ConsentCode.used_at).is_(None), col(ConsentCode.expires_at) > now)
    ended = sa.update(ConsentCode).where(col(ConsentCode.customer_id) == customer_id, *still)
    await session.execute(ended.values(expires_at=now))


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Nothing of a code outlives its customer; the ledger keeps the proof's id."""
    await session.execute(sa.delete(ConsentCode).where(col(ConsentCode.customer_id).in_(ids)))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The codes that were sent: when, for what, and whether they were used."""
    query = select(ConsentCode).where(ConsentCode.customer_id == customer_id).order_by(col(ConsentCode.id))
    shown = {"id", "purposes", "wording_version", "requested_by", "requested_at", "expires_at", "used_at"}
    return {"consent_codes": [row.model_dump(include=shown) for row in await session.scalars(query)]}
