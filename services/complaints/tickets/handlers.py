"""What customers write and deny becomes tickets; what happens to a customer reaches their tickets."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.catalogue import rules as catalogue
from services.complaints.customers import repository as customers
from services.complaints.customers.repository import KnownCustomer
from services.complaints.tickets import repository, rules, usecases
from services.complaints.tickets.models import NewTicket
from services.complaints.tickets.usecases import SYSTEM, HandOverTickets
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import (
    CustomerPurged,
    CustomerReassigned,
    CustomerRegistered,
    CustomerSnapshot,
    CustomerUpdated,
)
from shared.events.messaging import InboundEvent, SmsActivationDenied, SmsEnquiryReceived
from shared.phones import SealedPhone
from shared.security.tenancy import Area

log = structlog.get_logger(__name__)

DENIED = "客户回复短信称未办理该业务{product}，请立即核实。"


async def open_enquiry_on_enquiry_received(
    session: AsyncSession, delivery: Delivery[SmsEnquiryReceived]
) -> None:
    event = delivery.event
    if event.customer_id and await customers.purged_among(session, [event.customer_id]):
        return  # written before they were erased, heard after
    phone = SealedPhone(enc=event.phone_enc, index=event.phone_index, masked=event.phone_masked)
    await _open_once(
        session, delivery, f"sms:{event.inbound_id}", kind=rules.ENQUIRY_KIND, category=catalogue.ENQUIRY,
        source="sms", summary=event.text or "（空短信）", phone=phone, origin={"inbound_id": event.inbound_id},
    )  # fmt: skip


async def open_complaint_on_activation_denied(
    session: AsyncSession, delivery: Delivery[SmsActivationDenied]
) -> None:
    event = delivery.event
    product = f"（{event.product}）" if event.product else ""
    await _open_once(
        session, delivery, f"activation:{event.activation_id}", kind=rules.COMPLAINT_KIND,
        category=catalogue.UNAUTHORISED_ACTIVATION, source="activation_denied",
        summary=DENIED.format(product=product), phone=None,
        origin={"activation_id": event.activation_id, "inbound_id": event.inbound_id},
    )  # fmt: skip


@bulk
async def link_tickets_on_snapshot(
    session: AsyncSession, deliveries: list[Delivery[CustomerSnapshot]]
) -> None:
    indexes = {delivery.event.phone_index for delivery in deliveries}
    archived = await customers.by_phones(session, indexes, Area.everything())
    if archived:
        await usecases.link_tickets(session, archived, now=deliveries[-1].now)


async def hand_over_tickets_on_reassigned(
    session: AsyncSession, delivery: Delivery[CustomerReassigned]
) -> None:
    """To whoever has the customer now: an older hand-over that arrives late changes nothing."""
    event = delivery.event
    known = await customers.customer_or_none(session, event.customer_id, Area.everything())
    now: KnownCustomer | CustomerReassigned = known or event
    command = HandOverTickets(event.customer_id, now.hall, now.county, now.clerk)
    await usecases.hand_over_tickets(session, command, now=delivery.now)


@bulk
async def erase_on_purged(session: AsyncSession, deliveries: list[Delivery[CustomerPurged]]) -> None:
    await usecases.erase_customers(session, [delivery.event.customer_id for delivery in deliveries])


async def _open_once(
    session: AsyncSession, delivery: Delivery[Any], source_key: str, *, phone: SealedPhone | None, **said: Any
) -> None:
    """One ticket for one cause, however often it is told."""
    if await repository.ticket_by_source_key(session, source_key) is not None:
        return
    event: InboundEvent = delivery.event
    customer = await _customer(session, event.customer_id, phone)
    place = _place(event, customer)
    if place is None:
        log.warning("ticket.without_hall", source_key=source_key)
        return
    new = NewTicket(
        hall=place[0], county=place[1], received_at=min(event.received_at, delivery.now), by=SYSTEM,
        customer_id=customer.id if customer else event.customer_id, phone=phone,
        phone_masked=customer.phone_masked if customer else None, clerk=customer.clerk if customer else event.clerk,
        tier=customer.tier if customer else None, source_key=source_key, **said,
    )  # fmt: skip
    await usecases.open_tickets(session, [new], now=delivery.now)


async def _customer(
    session: AsyncSession, customer_id: UUID | None, phone: SealedPhone | None
) -> KnownCustomer | None:
    if customer_id is not None:
        return await customers.customer_or_none(session, customer_id, Area.everything())
    return await customers.by_phone(session, phone.index, Area.everything()) if phone else None


def _place(event: InboundEvent, customer: KnownCustomer | None) -> Sequence[str] | None:
    """Where the ticket belongs: the hall the SMS names, else the customer's."""
    if event.hall and event.county:
        return event.hall, event.county
    return (customer.hall, customer.county) if customer else None


HANDLERS: Handlers = {
    SmsEnquiryReceived: [open_enquiry_on_enquiry_received],
    SmsActivationDenied: [open_complaint_on_activation_denied],
    CustomerRegistered: [link_tickets_on_snapshot],
    CustomerUpdated: [link_tickets_on_snapshot],
    CustomerReassigned: [hand_over_tickets_on_reassigned],
    CustomerPurged: [erase_on_purged],
}
