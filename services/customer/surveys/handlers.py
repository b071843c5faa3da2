"""What is heard of tickets: who closed one unrated is asked, who is called back or comes again is not asked twice."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.surveys import usecases
from shared.consumer import Delivery, Handlers
from shared.events.complaints import ComplaintClosed, ComplaintRated, ComplaintReopened


async def invite_on_complaint_closed(session: AsyncSession, delivery: Delivery[ComplaintClosed]) -> None:
    await usecases.invite_after_ticket(session, delivery.event, now=delivery.now)


async def withdraw_on_complaint_rated(session: AsyncSession, delivery: Delivery[ComplaintRated]) -> None:
    await usecases.withdraw_about(session, delivery.event)


async def withdraw_on_complaint_reopened(
    session: AsyncSession, delivery: Delivery[ComplaintReopened]
) -> None:
    await usecases.withdraw_about(session, delivery.event)


HANDLERS: Handlers = {
    ComplaintClosed: [invite_on_complaint_closed],
    ComplaintRated: [withdraw_on_complaint_rated],
    ComplaintReopened: [withdraw_on_complaint_reopened],
}
