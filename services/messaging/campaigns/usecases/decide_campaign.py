"""What people decide about a campaign: make it, count its audience, approve it, pause, resume, cancel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.campaigns import repository, rules
from services.messaging.campaigns.errors import CampaignInvalid, CampaignOver, WordsChanged
from services.messaging.campaigns.models import Campaign
from services.messaging.messages import repository as store
from services.messaging.messages import usecases as messages
from services.messaging.templates import repository as templates
from services.messaging.templates import usecases as template_usecases
from shared.database import wake_after_commit
from shared.errors import FieldError, Forbidden
from shared.security.tenancy import Area

CAMPAIGNS = "campaigns"
BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class MakeCampaign:
    """Which template, to whom, when; `area` is the author's."""

    area: Area
    author: str
    title: str
    template: str
    params: Mapping[str, str]
    hall: str | None
    county: str | None
    filters: Mapping[str, Any]
    starts_at: datetime
    spread_until: datetime | None
    ends_at: datetime


async def make_campaign(session: AsyncSession, command: MakeCampaign, *, now: datetime) -> Campaign:
    """A draft. Raises TemplateNotFound, ParamsInvalid, HallNotFound, Forbidden, CampaignInvalid, CampaignOver."""
    template = await templates.get_approved(session, command.template)
    if template.message_class not in rules.CLASSES:
        detail = "群发只能用服务、节日问候和新业务类模板。"
        raise CampaignInvalid(errors=[FieldError("/template", "class-not-for-campaigns", detail)])
    template_usecases.check_params(template, command.params)
    if command.ends_at <= now:
        raise CampaignOver
    hall, county = await _place(session, command)
    campaign = Campaign.draft(
        now=now, title=command.title, hall=hall, county=county, template_code=template.code,
        template_version=template.version, message_class=template.message_class, params=dict(command.params),
        filters=dict(command.filters), author=command.author, starts_at=command.starts_at,
        spread_until=command.spread_until, ends_at=command.ends_at,
    )  # fmt: skip
    session.add(campaign)
    await session.flush()
    return campaign


async def _place(session: AsyncSession, command: MakeCampaign) -> tuple[str | None, str | None]:
    """The hall or county it goes to: what was asked for inside the author's area, else all of that area."""
    area = command.area
    if area.nothing:
        raise Forbidden(scope="campaigns:write")
    wanted = command.hall or area.hall
    if wanted is not None:
        hall = await audience.get_hall(session, wanted, area)
        return hall.code, hall.county
    if area.county is not None and command.county not in (None, area.county):
        raise Forbidden(scope="campaigns:write")
    return None, area.county or command.county


async def count_audience(session: AsyncSession, campaign_id: UUID, area: Area, *, now: datetime) -> Campaign:
    """Take the snapshot and note its size. Raises CampaignNotFound, CampaignState."""
    campaign = await repository.get_campaign(session, campaign_id, area, hold=True)
    campaign.guard("audience")
    head_count = await repository.take_snapshot(session, campaign)
    campaign.count(head_count, await repository.count_reachable(session, campaign), now=now)
    return campaign


@dataclass(frozen=True, slots=True)
class ApproveCampaign:
    """Who approves, and how many people they were told it goes to."""

    area: Area
    campaign_id: UUID
    approver: str
    head_count: int


async def approve_campaign(session: AsyncSession, command: ApproveCampaign, *, now: datetime) -> Campaign:
    """Raises CampaignNotFound, CampaignState, ApproverIsAuthor, HeadCountDiffers, CampaignOver, WordsChanged."""
    campaign = await repository.get_campaign(session, command.campaign_id, command.area, hold=True)
    campaign.approve(command.approver, command.head_count, now=now)
    await _same_words(session, campaign)
    wake_after_commit(session, CAMPAIGNS)
    return campaign


async def pause_campaign(session: AsyncSession, campaign_id: UUID, area: Area, *, now: datetime) -> Campaign:
    """Nobody has their turn any more, and what waits goes on waiting. Raises CampaignNotFound, CampaignState."""
    campaign = await repository.get_campaign(session, campaign_id, area, hold=True)
    campaign.pause(BY_HAND, now=now)
    await messages.park(
        session, await store.waiting_of_campaign(session, campaign.id), campaign.ends_at, now=now
    )
    return campaign


async def resume_campaign(session: AsyncSession, campaign_id: UUID, area: Area, *, now: datetime) -> Campaign:
    """Go on where it stopped. Raises CampaignNotFound, CampaignState, CampaignOver, WordsChanged."""
    campaign = await repository.get_campaign(session, campaign_id, area, hold=True)
    campaign.resume(now=now)
    await _same_words(session, campaign)
    await messages.park(session, await store.waiting_of_campaign(session, campaign.id), now, now=now)
    wake_after_commit(session, CAMPAIGNS, messages.RELEASE)
    return campaign


async def cancel_campaign(session: AsyncSession, campaign_id: UUID, area: Area, *, now: datetime) -> Campaign:
    """End it: what has not left the house stays. Raises CampaignNotFound, CampaignState."""
    campaign = await repository.get_campaign(session, campaign_id, area, hold=True)
    campaign.cancel(now=now)
    waiting = await store.waiting_of_campaign(session, campaign.id)
    await messages.cancel(session, waiting, rules.CANCELLED_REASON, now=now)
    wake_after_commit(session, CAMPAIGNS)
    return campaign


async def _same_words(session: AsyncSession, campaign: Campaign) -> None:
    """The words that were approved are the words that leave."""
    template = await templates.get_approved(session, campaign.template_code)
    if template.version != campaign.template_version:
        raise WordsChanged
