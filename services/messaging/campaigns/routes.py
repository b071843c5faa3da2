"""Campaigns over HTTP: make, count, approve, pause, resume, cancel, and where everybody of the audience is."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.messaging.campaigns import repository, rules
from services.messaging.campaigns.models import Campaign
from services.messaging.campaigns.schemas import Approval, CampaignCreate, CampaignRead, ProgressRead
from services.messaging.campaigns.usecases import decide_campaign
from services.messaging.campaigns.usecases.decide_campaign import ApproveCampaign, MakeCampaign
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/messaging/v1/campaigns", tags=["campaigns"])

Reader = Annotated[Caller, requires("campaigns:read")]
Writer = Annotated[Caller, requires("campaigns:write")]
Approver = Annotated[Caller, requires("campaigns:approve")]
StatusQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(rules.STATES)})$")]


@router.get("")
async def list_campaigns(
    here: Here, caller: Reader, page: PageQuery, status: StatusQuery = None
) -> Page[CampaignRead]:
    """Newest first."""
    async with here.database.reading() as session:
        found = await repository.campaigns_page(session, caller.area, page, status)
    return found.map(CampaignRead.of)


@router.post("", status_code=201, response_model=CampaignRead)
async def make_campaign(body: CampaignCreate, once: Once, caller: Writer) -> Response:
    """A draft; its audience is counted next."""
    now = clock.now()
    command = MakeCampaign(caller.area, caller.subject, **body.facts(now=now))
    async with once.transaction() as session:
        campaign = await decide_campaign.make_campaign(session, command, now=now)
        where = {"location": f"/messaging/v1/campaigns/{campaign.id}"}
        return once.answer(201, CampaignRead.of(campaign), etag=campaign.version, headers=where)


@router.get("/{campaign_id}")
async def get_campaign(campaign_id: UUID, here: Here, caller: Reader, response: Response) -> CampaignRead:
    async with here.database.reading() as session:
        campaign = await repository.get_campaign(session, campaign_id, caller.area)
    response.headers["etag"] = etag(campaign.version)
    return CampaignRead.of(campaign)


@router.post("/{campaign_id}/audience", response_model=CampaignRead)
async def count_audience(campaign_id: UUID, once: Once, caller: Writer) -> Response:
    """Take the snapshot of who fits now and count it: `head_count` is what the approver has to repeat."""
    return await _decided(once, caller, campaign_id, decide_campaign.count_audience)


@router.post("/{campaign_id}/approval", response_model=CampaignRead)
async def approve_campaign(campaign_id: UUID, body: Approval, once: Once, caller: Approver) -> Response:
    """By somebody other than the author, who repeats the head count."""
    command = ApproveCampaign(caller.area, campaign_id, caller.subject, body.head_count)
    async with once.transaction() as session:
        campaign = await decide_campaign.approve_campaign(session, command, now=clock.now())
        return once.answer(200, CampaignRead.of(campaign), etag=campaign.version)


@router.post("/{campaign_id}/pause", response_model=CampaignRead)
async def pause_campaign(campaign_id: UUID, once: Once, caller: Writer) -> Response:
    """Nothing more leaves from the moment of the answer on but what is being submitted right now."""
    return await _decided(once, caller, campaign_id, decide_campaign.pause_campaign)


@router.post("/{campaign_id}/resume", response_model=CampaignRead)
async def resume_campaign(campaign_id: UUID, once: Once, caller: Writer) -> Response:
    return await _decided(once, caller, campaign_id, decide_campaign.resume_campaign)


@router.post("/{campaign_id}/cancel", response_model=CampaignRead)
async def cancel_campaign(campaign_id: UUID, once: Once, caller: Writer) -> Response:
    """For good; what has left the house stays sent."""
    return await _decided(once, caller, campaign_id, decide_campaign.cancel_campaign)


@router.get("/{campaign_id}/progress")
async def campaign_progress(campaign_id: UUID, here: Here, caller: Reader) -> ProgressRead:
    """Counted from the messages themselves."""
    async with here.database.reading() as session:
        campaign = await repository.get_campaign(session, campaign_id, caller.area)
        progress = await repository.progress_of(session, campaign.id)
    return ProgressRead.of(campaign, progress)


async def _decided(
    once: Any, caller: Caller, campaign_id: UUID, decide: Callable[..., Awaitable[Campaign]]
) -> Response:
    async with once.transaction() as session:
        campaign = await decide(session, campaign_id, caller.area, now=clock.now())
        answer: Response = once.answer(200, CampaignRead.of(campaign), etag=campaign.version)
        return answer
