"""Sales campaigns over HTTP: list, get, open, change, and their progress."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.customer.sales import repository, usecases
from services.customer.sales.schemas import (
    ProgressRead,
    SalesCampaignCard,
    SalesCampaignChange,
    SalesCampaignCreate,
    SalesCampaignRead,
    TargetRead,
)
from services.customer.sales.usecases import ChangeSalesCampaign, OpenSalesCampaign
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["sales"])

Reader = Annotated[Caller, requires("activations:read")]
Writer = Annotated[Caller, requires("targets:write")]


@router.get("/sales-campaigns")
async def list_campaigns(
    here: Here, caller: Reader, page: PageQuery, running_on: date | None = None
) -> Page[SalesCampaignRead]:
    async with here.database.reading() as session:
        found = await repository.campaigns_page(session, caller.area, page, running_on=running_on)
    return found.map(SalesCampaignRead.of)


@router.post("/sales-campaigns", status_code=201, response_model=SalesCampaignRead)
async def open_campaign(body: SalesCampaignCreate, once: Once, caller: Writer) -> Response:
    targets = [target.value() for target in body.targets]
    command = OpenSalesCampaign(caller.area, body.facts(), targets, caller.subject)
    async with once.transaction() as session:
        campaign = await usecases.open_sales_campaign(session, command, now=clock.now())
        return once.answer(201, SalesCampaignRead.of(campaign), etag=campaign.version)


@router.get("/sales-campaigns/{sales_campaign_id}")
async def get_campaign(
    sales_campaign_id: UUID, here: Here, caller: Reader, response: Response
) -> SalesCampaignCard:
    """With the targets of the caller's own area."""
    async with here.database.reading() as session:
        campaign = await repository.get_campaign(session, sales_campaign_id, caller.area)
        targets = await repository.targets_of(session, campaign.id, caller.area)
    response.headers["ETag"] = etag(campaign.version)
    read = SalesCampaignRead.of(campaign)
    return SalesCampaignCard(**dict(read), targets=[TargetRead.of(target) for target in targets])


@router.patch("/sales-campaigns/{sales_campaign_id}")
async def change_campaign(
    sales_campaign_id: UUID,
    body: SalesCampaignChange,
    here: Here,
    caller: Writer,
    if_match: IfMatch,
    response: Response,
) -> SalesCampaignRead:
    targets = None if body.targets is None else [target.value() for target in body.targets]
    command = ChangeSalesCampaign(caller.area, sales_campaign_id, body.changes(), targets)
    async with here.database.transaction() as session:
        campaign = await usecases.change_sales_campaign(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(campaign.version)
    return SalesCampaignRead.of(campaign)


@router.get("/sales-campaigns/{sales_campaign_id}/progress")
async def get_progress(sales_campaign_id: UUID, here: Here, caller: Reader) -> ProgressRead:
    """What was opened, and not denied, against the targets of the caller's own area."""
    async with here.database.reading() as session:
        return ProgressRead.of(await usecases.progress_of(session, sales_campaign_id, caller.area))
