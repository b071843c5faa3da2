"""The customer's SMS budget over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.messaging.audience import repository as audience
from services.messaging.budget import repository, rules
from services.messaging.budget.schemas import BudgetRead, moment_in
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/messaging/v1", tags=["budget"])

MonthText = Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="默认本月")]


@router.get("/customers/{customer_id}/sms-budget")
async def sms_budget(
    customer_id: UUID,
    here: Here,
    caller: Annotated[Caller, requires("messages:read")],
    month: MonthText = None,
) -> BudgetRead:
    """Slots used and left in a calendar month of Asia/Shanghai."""
    now = clock.now()
    asked = month or clock.month_of(now)
    at = moment_in(asked, now)
    async with here.database.reading() as session:
        customer = await audience.get_customer(session, customer_id, caller.area)
        class_rules = rules.rules_on(await repository.all_rules(session), clock.business_date(at))
        taken = (await repository.slots_of(session, [customer.id]))[customer.id]
    return BudgetRead.of(customer.id, asked, class_rules, taken, at)
