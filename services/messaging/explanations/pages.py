"""A message explained as a page, and a customer's messages as a part of the customer's card."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.messaging.audience import repository as audience
from services.messaging.audience.errors import CustomerNotFound
from services.messaging.budget import repository as budget
from services.messaging.budget import rules as budget_rules
from services.messaging.budget.schemas import BudgetRead
from services.messaging.explanations import rules
from services.messaging.explanations.usecases import explain_message
from services.messaging.messages import repository as messages
from services.messaging.messages.rules import STATUS_NAMES, reason_name
from services.messaging.templates.rules import CLASS_NAMES
from shared import clock
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("messages:read")]
SHOWN = 10
WORDS: dict[str, Any] = {
    "class_names": CLASS_NAMES,
    "status_names": STATUS_NAMES,
    "reason_name": reason_name,
    "tones": rules.TONES,
}


@router.get("/messaging/messages/{message_id}")
async def why(request: Request, here: Here, caller: Reader, message_id: UUID) -> Response:
    async with here.database.reading() as session:
        told = await explain_message(session, message_id, caller.area)
    return render(request, "explanations/message.html", message=told.message, lines=told.lines, **WORDS)


@router.get("/messaging/customers/{customer_id}/messages")
async def messages_of_customer(
    request: Request,
    here: Here,
    caller: Reader,
    customer_id: UUID,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """What was sent to the customer, newest first, and what may still be sent this month."""
    part = wants_part(request)
    try:
        return await _messages_of(request, here, caller, customer_id, cursor, part=part)
    except CustomerNotFound:
        if not part:
            raise
        return render(
            request, "explanations/nobody.html"
        )  # the card of somebody just archived is quicker than the bus


async def _messages_of(
    request: Request, here: Runtime, caller: Caller, customer_id: UUID, cursor: str | None, *, part: bool
) -> Response:
    now = clock.now()
    month, page = clock.month_of(now), PageRequest(SHOWN, cursor)
    async with here.database.reading() as session:
        customer = await audience.get_customer(session, customer_id, caller.area)
        found = await messages.messages_page(session, caller.area, page, customer_id=customer.id)
        settings = budget_rules.rules_on(await budget.all_rules(session), clock.business_date(now))
        taken = (await budget.slots_of(session, [customer.id]))[customer.id]
    return render(
        request,
        "explanations/part.html" if part else "explanations/customer.html",
        customer=customer,
        messages=found.items,
        next_cursor=found.next_cursor,
        budget=BudgetRead.of(customer.id, month, settings, taken, now),
        **WORDS,
    )
