"""Notices that answer what a customer did: complaint received, complaint settled, product opened, opt-out taken."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.messages.models import Message
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.templates.rules import HIDDEN
from shared import clock
from shared.events.complaints import ComplaintOpened, ComplaintResolved
from shared.events.customer import CustomerConsentCodeRequested, ProductActivated
from shared.phones import SealedPhone

PURPOSES = {
    "archive": "保存档案",
    "service_sms": "服务短信",
    "holiday_sms": "节日问候",
    "marketing_sms": "新业务和优惠短信",
}
"""What a customer is asked to agree to, in the customer's words."""


async def notify_complaint_received(session: AsyncSession, event: ComplaintOpened, *, now: datetime) -> None:
    """Archived customers only; an enquiry is answered at the counter and needs no receipt."""
    if event.customer_id is not None and event.kind == "complaint":
        intent = _about_ticket("complaint_receipt", event.customer_id, event, {"number": event.number})
        await plan_messages(session, [intent], now=now)


async def notify_complaint_settled(session: AsyncSession, event: ComplaintResolved, *, now: datetime) -> None:
    """Once a cycle; archived customers only."""
    if event.customer_id is not None and event.kind == "complaint":
        intent = _about_ticket("complaint_result", event.customer_id, event, {"number": event.number})
        await plan_messages(session, [intent], now=now)


async def confirm_activation(session: AsyncSession, event: ProductActivated, *, now: datetime) -> None:
    """Every activation is confirmed, so that "not me" reaches the hall first (C11)."""
    day = clock.business_date(event.occurred_at)
    intent = Intent(
        template="activation_confirmation",
        message_class="confirmation",
        cause=f"activation:{event.activation_id}",
        customer_id=event.customer_id,
        hall=event.hall,
        county=event.county,
        activation_id=event.activation_id,
        params={"product": event.product_title, "date": f"{day.month}月{day.day}日"},
    )
    await plan_messages(session, [intent], now=now)


async def send_consent_code(
    session: AsyncSession, event: CustomerConsentCodeRequested, *, now: datetime
) -> None:
    """The code stays sealed until it leaves; one that no longer works is not sent."""
    if event.expires_at <= now:
        return
    purposes = "、".join(PURPOSES[purpose] for purpose in event.purposes if purpose in PURPOSES)
    intent = Intent(
        template="consent_code",
        message_class="confirmation",
        cause=f"consent-code:{event.code_id}",
        customer_id=event.customer_id,
        hall=event.hall,
        county=event.county,
        params={"purposes": purposes, "code": HIDDEN},
        secret_enc=event.code_enc,
    )
    await plan_messages(session, [intent], now=now)


async def acknowledge_opt_out(
    session: AsyncSession,
    agreement: str,
    to: SealedPhone,
    hall: str | None,
    county: str | None,
    *,
    now: datetime,
) -> list[Message]:
    """The one message that may still follow an opt-out, once for each agreement that one ends.

    It goes to the number, whoever it belongs to.
    """
    intent = Intent(
        template="opt_out_ack",
        message_class="ack",
        cause=f"opt-out:{agreement}",
        to=to,
        hall=hall,
        county=county,
    )
    return await plan_messages(session, [intent], now=now)


def _about_ticket(
    template: str, customer_id: UUID, event: ComplaintOpened | ComplaintResolved, params: dict[str, str]
) -> Intent:
    return Intent(
        template=template,
        message_class="notice",
        cause=f"ticket:{event.ticket_id}",
        period=f"cycle:{event.cycle}",
        customer_id=customer_id,
        hall=event.hall,
        county=event.county,
        ticket_id=event.ticket_id,
        params=params,
    )
