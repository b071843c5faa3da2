"""Giving a campaign's audience their turns, a chunk a transaction, and closing it when nothing is left to decide."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.budget import repository as budget
from services.messaging.budget.rules import rules_on
from services.messaging.campaigns import repository, rules
from services.messaging.campaigns.models import Campaign, Recipient
from services.messaging.messages import repository as store
from services.messaging.messages import usecases as messages
from services.messaging.planning import rules as hours
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.templates import repository as templates
from shared import clock, outbox

CHUNK = 200
BACKLOG = 2000
"""Messages of one campaign that wait in the house at most: so many a pause or a cancellation has to move at once."""
WORDS_CHANGED = "words-changed"


async def advance_campaign(session: AsyncSession, campaign_id: UUID, *, now: datetime) -> bool:
    """One step of one campaign; True when the next may follow at once."""
    campaign = await repository.locked_or_none(session, campaign_id)
    if campaign is None or campaign.completed_at is not None:
        return False
    if campaign.status == rules.APPROVED and campaign.starts_at <= now and not campaign.is_over(now):
        campaign.begin(now=now)
    if campaign.status == rules.RUNNING and not campaign.is_over(now) and campaign.left:
        return await _give_turns(session, campaign, now)
    if campaign.status == rules.PAUSED and not campaign.is_over(now):
        await _keep_still(session, campaign, now)
        return False
    return await _finish(session, campaign, now)


async def _give_turns(session: AsyncSession, campaign: Campaign, now: datetime) -> bool:
    """Plan the next messages: as many as are due by now and as the house has room for."""
    template = await templates.get_approved(session, campaign.template_code)
    if template.version != campaign.template_version:
        campaign.pause(WORDS_CHANGED, now=now)
        await _keep_still(session, campaign, now)
        return False
    room = await _room(session, campaign, now)
    recipients = await repository.next_recipients(session, campaign, room) if room > 0 else []
    if not recipients:
        return False
    await plan_messages(session, [_intent(campaign, each) for each in recipients], now=now)
    campaign.take([each.customer_id for each in recipients], now=now)
    return True


async def _room(session: AsyncSession, campaign: Campaign, now: datetime) -> int:
    """None outside the hours of its class, else by the spread and by what still waits."""
    rule = rules_on(await budget.all_rules(session), clock.business_date(now))[campaign.message_class]
    allowed = hours.intervals(rule.sends_from, rule.sends_until)
    if not hours.is_allowed(now, allowed):
        return 0
    due = campaign.head_count or 0
    if campaign.spread_until is not None:
        begins = campaign.started_at or campaign.starts_at
        due = rules.due_by(due, rules.share_passed(begins, campaign.spread_until, now, allowed))
    waiting = await store.count_waiting_of_campaign(session, campaign.id)
    return min(CHUNK, due - campaign.taken, BACKLOG - waiting)


async def _keep_still(session: AsyncSession, campaign: Campaign, now: datetime) -> None:
    """A submission that came back while the campaign was paused waits with the others."""
    queued = [m for m in await store.waiting_of_campaign(session, campaign.id) if m.status == "queued"]
    await messages.park(session, queued, campaign.ends_at, now=now)


async def _finish(session: AsyncSession, campaign: Campaign, now: datetime) -> bool:
    """End what is over, and close the campaign once none of its messages is still in the house."""
    if campaign.status == rules.CANCELLED:
        late = await store.waiting_of_campaign(session, campaign.id)
        await messages.cancel(session, late, rules.CANCELLED_REASON, now=now)
    elif campaign.is_over(now):
        late = await store.waiting_of_campaign(session, campaign.id)
        await messages.expire(session, late, rules.LATE_REASON, now=now)
    await session.flush()
    if await store.campaign_is_in_hand(session, campaign.id):
        return False
    campaign.complete(now=now)
    await session.flush()
    outbox.add(session, campaign.close(await repository.progress_of(session, campaign.id), now=now))
    return False


def _intent(campaign: Campaign, recipient: Recipient) -> Intent:
    return Intent(
        template=campaign.template_code,
        message_class=campaign.message_class,
        cause=f"campaign:{campaign.id}",
        customer_id=recipient.customer_id,
        params=campaign.words(),
        hall=recipient.hall,
        county=recipient.county,
        deadline=campaign.ends_at,
        campaign_id=campaign.id,
    )
