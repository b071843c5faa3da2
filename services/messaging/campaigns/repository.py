"""Queries of campaigns. The snapshot is taken by the database itself: no customer passes through this process."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.audience.models import ACTIVE, Consent, Customer, Hall
from services.messaging.campaigns import rules
from services.messaging.campaigns.errors import CampaignNotFound
from services.messaging.campaigns.models import Campaign, Recipient
from services.messaging.campaigns.rules import Progress
from services.messaging.messages.models import Message
from services.messaging.suppression import repository as suppression
from services.messaging.suppression.rules import PURPOSE_OF
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

LISTED = ("habits", "preferences")
"""Members of a filter of which one in common is enough."""


async def get_campaign(
    session: AsyncSession, campaign_id: UUID, area: Area, *, hold: bool = False
) -> Campaign:
    """Raises CampaignNotFound, also outside the area; `hold` keeps everybody else off until the transaction ends."""
    within = area.clause(col(Campaign.hall), col(Campaign.county))
    query = select(Campaign).where(Campaign.id == campaign_id, within)
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    campaign = (await session.scalars(query)).one_or_none()
    if campaign is None:
        raise CampaignNotFound
    return campaign


async def campaigns_page(
    session: AsyncSession, area: Area, page: PageRequest, status: str | None = None
) -> Page[Any]:
    """Newest first."""
    query = select(Campaign).where(area.clause(col(Campaign.hall), col(Campaign.county)))
    if status is not None:
        query = query.where(Campaign.status == status)
    return await paginate(session, query, [(col(Campaign.id), "desc")], page)


async def take_snapshot(session: AsyncSession, campaign: Campaign) -> int:
    """Replace the campaign's snapshot by who fits now; how many that is. One statement, whatever the number."""
    await session.execute(sa.delete(Recipient).where(col(Recipient.campaign_id) == campaign.id))
    c = Customer
    who = sa.select(sa.literal(campaign.id, sa.Uuid), col(c.id), col(c.hall), col(c.county)).where(
        *_fitting(campaign)
    )
    columns = ["campaign_id", "customer_id", "hall", "county"]
    result: Any = await session.execute(sa.insert(Recipient).from_select(columns, who))
    return int(result.rowcount)


def _fitting(campaign: Campaign) -> list[sa.ColumnElement[bool]]:
    """Customers that are there, with a number and a hall that signs, in the campaign's area and of its kind."""
    c, filters = Customer, campaign.filters
    area = Area(county=campaign.county, hall=campaign.hall)
    fitting = [
        col(c.status) == ACTIVE,
        col(c.phone_enc).is_not(None),
        col(c.hall).in_(sa.select(col(Hall.code))),
        area.clause(col(c.hall), col(c.county)),
    ]
    single = [name for name in ("brand", "age_band", "spend_band", "tier", "hall") if filters.get(name)]
    fitting += [col(getattr(c, name)).in_(filters[name]) for name in single]
    for name in LISTED:
        if filters.get(name):
            column = col(getattr(c, name))
            fitting.append(sa.or_(*(column.contains(f"|{code}|", autoescape=True) for code in filters[name])))
    return fitting


async def count_reachable(session: AsyncSession, campaign: Campaign) -> int:
    """Of the snapshot, who agreed to this class and whose number nothing stands against."""
    r, c, k = Recipient, Customer, Consent
    query = (
        sa.select(sa.func.count())
        .select_from(r)
        .join(c, col(c.id) == col(r.customer_id))
        .join(k, col(k.customer_id) == col(r.customer_id))
        .where(
            col(r.campaign_id) == campaign.id,
            col(k.purpose) == PURPOSE_OF[campaign.message_class],
            col(k.granted),
            ~suppression.stands_against(col(c.phone_index), agreed_at=col(k.at)),
        )
    )
    return int(await session.scalar(query) or 0)


async def next_recipients(session: AsyncSession, campaign: Campaign, limit: int) -> list[Recipient]:
    """Those whose turn is next; the key's own order is the order of turns."""
    query = select(Recipient).where(Recipient.campaign_id == campaign.id)
    if campaign.taken_to is not None:
        query = query.where(col(Recipient.customer_id) > campaign.taken_to)
    return list((await session.scalars(query.order_by(col(Recipient.customer_id)).limit(limit))).all())


async def open_ids(session: AsyncSession, now: datetime) -> list[UUID]:
    """Campaigns that may have something to do: approved ones whose time has come, and what is not closed yet."""
    c = Campaign
    begun = sa.or_(col(c.status) != rules.APPROVED, col(c.starts_at) <= now)
    query = sa.select(col(c.id)).where(col(c.completed_at).is_(None), col(c.approved_at).is_not(None), begun)
    return list((await session.scalars(query.order_by(col(c.starts_at), col(c.id)))).all())


async def locked_or_none(session: AsyncSession, campaign_id: UUID) -> Campaign | None:
    """None when another process is at it."""
    query = select(Campaign).where(Campaign.id == campaign_id).with_for_update(skip_locked=True)
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def progress_of(session: AsyncSession, campaign_id: UUID) -> Progress:
    """One statement, so that the campaign and its messages are of one moment."""
    return (await progresses(session, [campaign_id]))[campaign_id]


async def progresses(session: AsyncSession, campaign_ids: list[UUID]) -> Mapping[UUID, Progress]:
    """Where everybody of these campaigns' audiences is now."""
    m, c = Message, Campaign
    counts = (
        sa.select(col(m.campaign_id), col(m.status), col(m.reason), sa.func.count().label("number"))
        .where(col(m.campaign_id).in_(campaign_ids))
        .group_by(col(m.campaign_id), col(m.status), col(m.reason))
        .subquery()
    )
    query: Any = (
        sa.select(
            col(c.id), col(c.status), col(c.head_count), col(c.taken),
            counts.c.status, counts.c.reason, counts.c.number,
        )
        .outerjoin(counts, counts.c.campaign_id == col(c.id))
        .where(col(c.id).in_(campaign_ids))
    )  # fmt: skip
    heads: dict[UUID, tuple[str, int, int]] = {}
    rows: dict[UUID, list[rules.Row]] = {}
    for id_, state, head_count, taken, status, reason, number in await session.execute(query):
        heads[id_] = (state, head_count or 0, taken)
        rows.setdefault(id_, []).extend([(status, reason, number)] if status else [])
    return {id_: rules.tally(*head, rows[id_]) for id_, head in heads.items()}


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The campaigns whose audience the customer was in."""
    query: Any = (
        sa.select(col(Campaign.id), col(Campaign.title), col(Campaign.counted_at))
        .join(Recipient, col(Recipient.campaign_id) == col(Campaign.id))
        .where(col(Recipient.customer_id) == customer_id)
    )
    found = (await session.execute(query.order_by(col(Campaign.id)))).all()
    return {"campaigns": [{"id": row[0], "title": row[1], "counted_at": row[2]} for row in found]}
