"""A message that a clerk or the POS asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.messages import repository as messages
from services.messaging.messages.models import Message
from services.messaging.planning.errors import TemplateReserved
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.templates import repository as templates
from services.messaging.templates import rules as classes
from services.messaging.templates import usecases as template_usecases
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """Who should get which template; `request_id` makes the same request the same message for ever."""

    customer_id: UUID
    template: str
    params: Mapping[str, str]
    request_id: str
    area: Area


async def request_message(session: AsyncSession, command: RequestMessage, *, now: datetime) -> Message:
    """The message, which may be suppressed with a reason.

    Raises CustomerNotFound, TemplateNotFound, ParamsInvalid, and TemplateReserved for classes exempt from the cap.
    """
    customer = await audience.get_customer(session, command.customer_id, command.area)
    template = await templates.get_approved(session, command.template)
    if classes.is_exempt(template.message_class):
        raise TemplateReserved
    template_usecases.check_params(template, command.params)
    intent = Intent(
        template=template.code,
        message_class=template.message_class,
        cause=f"request:{command.request_id}",
        customer_id=customer.id,
        params=command.params,
        hall=customer.hall,
        county=customer.county,
    )
    planned = await plan_messages(session, [intent], now=now)
    if planned:
        return planned[0]
    known = await messages.intent_or_none(
        session, str(customer.id), template.code, intent.cause, intent.period
    )
    assert known is not None
    return known
