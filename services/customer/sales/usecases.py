"""Opening and changing sales campaigns, and how far they have come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.activations import repository as activations
from services.customer.directory import repository as directory
from services.customer.products import repository as products
from services.customer.sales import repository, rules
from services.customer.sales.errors import SalesCampaignInvalid
from services.customer.sales.models import SalesCampaign, SalesTarget
from services.customer.sales.repository import Progress
from services.customer.sales.rules import Target
from shared import clock
from shared.errors import FieldError, Forbidden, VersionCheck
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class OpenSalesCampaign:
    """A new campaign; `facts` are its columns."""

    area: Area
    facts: Mapping[str, Any]
    targets: Sequence[Target]
    by: str


async def open_sales_campaign(
    session: AsyncSession, command: OpenSalesCampaign, *, now: datetime
) -> SalesCampaign:
    """Raises Forbidden for another county's campaign, PeriodReversed, SalesCampaignInvalid."""
    if not command.area.covers(None, command.facts["county"]):
        raise Forbidden
    campaign = SalesCampaign.open(command.facts, by=command.by, now=now)
    targets = await _checked(session, command.area, campaign, command.targets, now)
    await repository.add_campaign(session, campaign)
    await repository.put_targets(session, campaign.id, targets)
    return campaign


@dataclass(frozen=True, slots=True)
class ChangeSalesCampaign:
    """Other columns, other targets (all of them), or both."""

    area: Area
    campaign_id: UUID
    changes: Mapping[str, Any]
    targets: Sequence[Target] | None


async def change_sales_campaign(
    session: AsyncSession, command: ChangeSalesCampaign, *, unless_stale: VersionCheck, now: datetime
) -> SalesCampaign:
    """Raises SalesCampaignNotFound, Forbidden, PeriodReversed, SalesCampaignInvalid."""
    campaign = await repository.get_campaign(session, command.campaign_id, command.area, lock=True)
    unless_stale(campaign.version)
    if not command.area.covers(None, campaign.county):
        raise Forbidden
    campaign.change(command.changes, now=now)
    targets = await _checked(session, command.area, campaign, command.targets or (), now)
    await session.flush()
    if command.targets is not None:
        await repository.put_targets(session, campaign.id, targets)
    return campaign


async def progress_of(session: AsyncSession, campaign_id: UUID, area: Area) -> Progress:
    campaign = await repository.get_campaign(session, campaign_id, area)
    targets = await repository.targets_of(session, campaign.id, area)
    within = area if campaign.county is None or area.county else Area(county=campaign.county)
    sold = await activations.sums_by_clerk(
        session, within, campaign.products, campaign.starts_on, campaign.ends_on
    )
    lines = rules.progress(targets, sold)
    return Progress(campaign, lines, rules.total(lines, sold))


async def _checked(
    session: AsyncSession, area: Area, campaign: SalesCampaign, targets: Sequence[Target], now: datetime
) -> list[SalesTarget]:
    """The targets as rows; raises SalesCampaignInvalid for whatever does not exist."""
    known, kept = await products.offers(session), []
    unknown = [i for i, code in enumerate(campaign.products) if code not in known]
    wrong = [FieldError(f"/products/{i}", "product-unknown", "没有这个业务代码，请核对。") for i in unknown]
    reach = Area(county=campaign.county) if campaign.county else area
    for at, target in enumerate(targets):
        row = await _row_of(session, campaign, target, reach, now)
        if isinstance(row, SalesTarget):
            kept.append(row)
        else:
            wrong.append(
                FieldError(f"/targets/{at}/{row}", f"{row}-unknown", "没有这个营业厅或在岗的工号，请核对。")
            )
    if wrong:
        raise SalesCampaignInvalid(errors=wrong)
    return kept


async def _row_of(
    session: AsyncSession, campaign: SalesCampaign, target: Target, reach: Area, now: datetime
) -> SalesTarget | str:
    """The target as a row, or which member of it does not exist."""
    hall = await directory.hall_or_none(session, target.hall, reach)
    if hall is None:
        return "hall"
    if target.clerk:
        day = clock.business_date(now)
        counter = await directory.get_counter(session, hall.code, target.clerk, reach, day)
        if not counter.clerk_works_here:
            return "clerk"
    return SalesTarget(
        campaign_id=campaign.id, hall=hall.code, clerk=target.clerk, county=hall.county, number=target.number,
        amount_fen=target.amount_fen,
    )  # fmt: skip
