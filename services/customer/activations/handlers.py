"""The customer's answer to the confirmation SMS: it was not them."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.activations import usecases
from shared.consumer import Delivery, Handlers
from shared.events.messaging import SmsActivationDenied


async def deny_activation_on_sms_activation_denied(
    session: AsyncSession, delivery: Delivery[SmsActivationDenied]
) -> None:
    event = delivery.event
    await usecases.deny_activation(session, event.activation_id, at=event.received_at, now=delivery.now)


HANDLERS: Handlers = {SmsActivationDenied: [deny_activation_on_sms_activation_denied]}
