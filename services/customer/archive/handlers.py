"""What other services say of a customer: SMS sent, an opt-out, tickets. The record shows it, nobody types it (C6)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository, usecases
from services.customer.archive.models import CustomerMessage, CustomerTicket
from services.customer.archive.usecases import WithdrawBySms
from services.customer.consent.rules import Purpose
from shared.consumer import Delivery, Handlers, bulk
from shared.events.complaints import (
    ComplaintClosed,
    ComplaintMerged,
    ComplaintOpened,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
    TicketEvent,
)
from shared.events.messaging import SmsAccepted, SmsDelivered, SmsOptedOut


@bulk
async def count_sms_on_sms_accepted(session: AsyncSession, deliveries: list[Delivery[SmsAccepted]]) -> None:
    sent = [_message(d.event, d.event.accepted_at) for d in deliveries]
    await repository.count_messages(session, [message for message in sent if message])


@bulk
async def count_sms_on_sms_delivered(session: AsyncSession, deliveries: list[Delivery[SmsDelivered]]) -> None:
    """Delivered without having been accepted: a message of unknown fate was sent after all."""
    sent = [_message(d.event, d.event.delivered_at) for d in deliveries]
    await repository.count_messages(session, [message for message in sent if message])


async def withdraw_consent_on_sms_opted_out(session: AsyncSession, delivery: Delivery[SmsOptedOut]) -> None:
    event = delivery.event
    purposes = [purpose for purpose in Purpose if purpose in event.purposes]
    command = WithdrawBySms(event.phone_index, purposes, event.received_at, str(event.inbound_id))
    await usecases.withdraw_by_sms(session, command, now=delivery.now)


async def show_ticket_on_complaint_opened(session: AsyncSession, delivery: Delivery[ComplaintOpened]) -> None:
    await _show(session, delivery.event, "new")


async def show_ticket_on_complaint_resolved(
    session: AsyncSession, delivery: Delivery[ComplaintResolved]
) -> None:
    await _show(session, delivery.event, "resolved")


async def show_ticket_on_complaint_reopened(
    session: AsyncSession, delivery: Delivery[ComplaintReopened]
) -> None:
    await _show(session, delivery.event, "in_progress")


async def show_ticket_on_complaint_closed(session: AsyncSession, delivery: Delivery[ComplaintClosed]) -> None:
    await _show(session, delivery.event, "withdrawn" if delivery.event.reason == "withdrawn" else "closed")


async def show_ticket_on_complaint_merged(session: AsyncSession, delivery: Delivery[ComplaintMerged]) -> None:
    await _show(session, delivery.event, "merged")


async def show_rating_on_complaint_rated(session: AsyncSession, delivery: Delivery[ComplaintRated]) -> None:
    if ticket := _ticket(delivery.event, None):
        ticket.score = delivery.event.score
        await repository.put_ticket_score(session, ticket)


async def _show(session: AsyncSession, event: TicketEvent, status: str) -> None:
    if ticket := _ticket(event, status):
        await repository.put_ticket(session, ticket)


def _ticket(event: TicketEvent, status: str | None) -> CustomerTicket | None:
    """None when the caller is not one of ours."""
    if event.customer_id is None:
        return None
    return CustomerTicket(
        ticket_id=event.ticket_id,
        customer_id=event.customer_id,
        version=event.version if status else 0,
        kind=event.kind,
        category=event.category,
        status=status,
        received_at=event.received_at,
    )


def _message(event: SmsAccepted | SmsDelivered, sent_at: datetime) -> CustomerMessage | None:
    """None when it does not count in 服务短信发送次数, or went to nobody of ours."""
    if event.customer_id is None or not event.counted:
        return None
    return CustomerMessage(
        message_id=event.message_id,
        customer_id=event.customer_id,
        message_class=event.message_class,
        sent_at=sent_at,
    )


HANDLERS: Handlers = {
    SmsAccepted: [count_sms_on_sms_accepted],
    SmsDelivered: [count_sms_on_sms_delivered],
    SmsOptedOut: [withdraw_consent_on_sms_opted_out],
    ComplaintOpened: [show_ticket_on_complaint_opened],
    ComplaintResolved: [show_ticket_on_complaint_resolved],
    ComplaintReopened: [show_ticket_on_complaint_reopened],
    ComplaintClosed: [show_ticket_on_complaint_closed],
    ComplaintMerged: [show_ticket_on_complaint_merged],
    ComplaintRated: [show_rating_on_complaint_rated],
}
