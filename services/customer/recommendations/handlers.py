"""How tickets end, and how the customer rated that: what makes an opportunity (T8)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.recommendations import repository
from services.customer.recommendations.models import Opportunity
from shared.consumer import Delivery, Handlers
from shared.events.complaints import (
    ComplaintClosed,
    ComplaintMerged,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    TicketEvent,
)


async def settle_opportunity_on_complaint_resolved(
    session: AsyncSession, delivery: Delivery[ComplaintResolved]
) -> None:
    await _keep(session, delivery.event, "settled", delivery.event.resolved_at)


async def settle_opportunity_on_complaint_closed(
    session: AsyncSession, delivery: Delivery[ComplaintClosed]
) -> None:
    event = delivery.event
    withdrawn = event.reason == "withdrawn"
    await _keep(session, event, "ended" if withdrawn else "settled", None if withdrawn else event.closed_at)


async def open_opportunity_again_on_complaint_reopened(
    session: AsyncSession, delivery: Delivery[ComplaintReopened]
) -> None:
    await _keep(session, delivery.event, "open", None)


async def end_opportunity_on_complaint_merged(
    session: AsyncSession, delivery: Delivery[ComplaintMerged]
) -> None:
    await _keep(session, delivery.event, "ended", None)


async def rate_opportunity_on_complaint_rated(
    session: AsyncSession, delivery: Delivery[ComplaintRated]
) -> None:
    event = delivery.event
    if opportunity := _opportunity(event):
        opportunity.rated_version, opportunity.rated_cycle = event.version, event.cycle
        opportunity.good, opportunity.score = event.good, event.score
        await repository.put_rating(session, opportunity)


async def _keep(session: AsyncSession, event: TicketEvent, state: str, settled_at: datetime | None) -> None:
    if opportunity := _opportunity(event):
        opportunity.version, opportunity.cycle = event.version, event.cycle
        opportunity.state, opportunity.settled_at = state, settled_at
        await repository.put_status(session, opportunity)


def _opportunity(event: TicketEvent) -> Opportunity | None:
    """None when the caller is not one of ours."""
    if event.customer_id is None:
        return None
    return Opportunity(
        ticket_id=event.ticket_id, customer_id=event.customer_id, kind=event.kind, category=event.category
    )


HANDLERS: Handlers = {
    ComplaintResolved: [settle_opportunity_on_complaint_resolved],
    ComplaintClosed: [settle_opportunity_on_complaint_closed],
    ComplaintReopened: [open_opportunity_again_on_complaint_reopened],
    ComplaintMerged: [end_opportunity_on_complaint_merged],
    ComplaintRated: [rate_opportunity_on_complaint_rated],
}
