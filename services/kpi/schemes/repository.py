"""Queries of schemes and targets."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from services.kpi.schemes.errors import SchemeNotFound, TargetNotFound
from services.kpi.schemes.models import Scheme, SchemeItemRow, Target
from services.kpi.schemes.rules import SchemeItem
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

# Columns in queries: SQLModel types them as the values of a row.
SCHEME: Any = Scheme
ITEM: Any = SchemeItemRow
TARGET: Any = Target


async def get_scheme(session: AsyncSession, scheme_id: UUID, *, lock: bool = False) -> Scheme:
    statement = select(Scheme).where(SCHEME.id == scheme_id)
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise SchemeNotFound
    return found


async def items_of(session: AsyncSession, *scheme_ids: UUID) -> dict[UUID, list[SchemeItem]]:
    statement = select(SchemeItemRow).where(ITEM.scheme_id.in_(scheme_ids))
    found: dict[UUID, list[SchemeItem]] = {scheme_id: [] for scheme_id in scheme_ids}
    for row in (await session.scalars(statement.order_by(ITEM.position))).all():
        found[row.scheme_id].append(row.to_item())
    return found


async def schemes_page(session: AsyncSession, level: str | None, page: PageRequest) -> Page[Any]:
    statement = sa.select(Scheme)
    if level is not None:
        statement = statement.where(SCHEME.level == level)
    return await paginate(session, statement, [(SCHEME.level, "asc"), (SCHEME.version, "asc")], page)


async def scheme_in_force(session: AsyncSession, level: str, month: str) -> Scheme | None:
    """The newest published scheme of the level that was in force when the month began."""
    statement = (
        select(Scheme)
        .where(SCHEME.level == level, SCHEME.published_at.is_not(None), SCHEME.effective_from <= month)
        .order_by(SCHEME.effective_from.desc(), SCHEME.version.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()


async def last_version(session: AsyncSession, level: str) -> int:
    return (await session.scalar(sa.select(sa.func.max(SCHEME.version)).where(SCHEME.level == level))) or 0


async def last_effective_month(session: AsyncSession, level: str) -> str | None:
    """From when on the latest published scheme of the level is in force."""
    published = SCHEME.published_at.is_not(None)
    return await session.scalar(
        sa.select(sa.func.max(SCHEME.effective_from)).where(SCHEME.level == level, published)
    )


async def targets_for(
    session: AsyncSession, months: Iterable[str]
) -> dict[tuple[str, str, str, str], Decimal]:
    """(month, level, subject, indicator) → target."""
    statement = select(Target).where(TARGET.month.in_(set(months)))
    return {
        (t.month, t.level, t.subject, t.indicator): t.value for t in (await session.scalars(statement)).all()
    }


async def target_of(
    session: AsyncSession, month: str, level: str, subject: str, indicator: str
) -> Target | None:
    wanted = (
        TARGET.month == month,
        TARGET.level == level,
        TARGET.subject == subject,
        TARGET.indicator == indicator,
    )
    return (await session.scalars(select(Target).where(*wanted).with_for_update())).one_or_none()


async def get_target(session: AsyncSession, target_id: UUID, area: Area, *, lock: bool = False) -> Target:
    statement = select(Target).where(TARGET.id == target_id, area.clause(TARGET.hall, TARGET.county))
    found = (await session.scalars(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise TargetNotFound
    return found


async def targets_page(session: AsyncSession, area: Area, month: str | None, page: PageRequest) -> Page[Any]:
    statement = sa.select(Target).where(area.clause(TARGET.hall, TARGET.county))
    if month is not None:
        statement = statement.where(TARGET.month == month)
    return await paginate(session, statement, [(TARGET.id, "asc")], page)


def rows_of(scheme_id: UUID, items: Sequence[SchemeItem]) -> list[dict[str, Any]]:
    return [
        {
            "scheme_id": scheme_id,
            "indicator": item.indicator,
            "position": position,
            "weight": item.weight,
            "target": item.target,
            "per_head": item.per_head,
            "tolerance": item.tolerance,
        }
        for position, item in enumerate(items)
    ]
