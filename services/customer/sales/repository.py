"""Every query of sales campaigns. Everybody sees the region's and their county's, and of targets only their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.sales.errors import SalesCampaignNotFound
from services.customer.sales.models import SalesCampaign, SalesTarget
from services.customer.sales.rules import Reached
from shared.database import insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign with what was reached of each target that the caller may see, and of all of them."""

    campaign: SalesCampaign
    lines: Sequence[Reached]
    total: Reached


async def get_campaign(
    session: AsyncSession, campaign_id: UUID, area: Area, *, lock: bool = False
) -> SalesCampaign:
    query = select(SalesCampaign).where(SalesCampaign.id == campaign_id, _visible_from(area))
    found = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise SalesCampaignNotFound
    return found


async def campaigns_page(
    session: AsyncSession, area: Area, page: PageRequest, *, running_on: date | None = None
) -> Page[SalesCampaign]:
    """Newest first."""
    query = select(SalesCampaign).where(_visible_from(area))
    if running_on is not None:
        query = query.where(
            col(SalesCampaign.starts_on) <= running_on, col(SalesCampaign.ends_on) >= running_on
        )
    found: Page[SalesCampaign] = await paginate(session, query, [(col(SalesCampaign.id), "desc")], page)
    return found


async def targets_of(session: AsyncSession, campaign_id: UUID, area: Area) -> Sequence[SalesTarget]:
    within = area.clause(col(SalesTarget.hall), col(SalesTarget.county))
    query = select(SalesTarget).where(SalesTarget.campaign_id == campaign_id, within)
    return (await session.scalars(query.order_by(col(SalesTarget.hall), col(SalesTarget.clerk)))).all()


async def add_campaign(session: AsyncSession, campaign: SalesCampaign) -> None:
    await insert_rows(session, SalesCampaign, [campaign])


async def put_targets(session: AsyncSession, campaign_id: UUID, targets: Sequence[SalesTarget]) -> None:
    """These and no others."""
    await session.execute(sa.delete(SalesTarget).where(col(SalesTarget.campaign_id) == campaign_id))
    await insert_rows(session, SalesTarget, targets)


def _visible_from(area: Area) -> Any:
    region = col(SalesCampaign.county).is_(None)
    county = Area(county=area.county, nothing=area.nothing).clause(None, col(SalesCampaign.county))
    return sa.and_(sa.or_(region, county), sa.false() if area.nothing else sa.true())
