"""The customer's SMS budget and the dated settings of each class over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.messaging.audience import repository as audience
from services.messaging.budget import repository, rules, usecases
from services.messaging.budget.schemas import (
    BudgetRead,
    CappedClass,
    ClassRuleCreate,
    ClassRuleRead,
    ClassRules,
    moment_in,
)
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, requires

router = APIRouter(prefix="/messaging/v1", tags=["budget"])

MonthText = Annotated[str | None, Query(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$", description="默认本月")]


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


@router.get("/class-rules")
async def list_class_rules(here: Here, _caller: Annotated[Caller, requires("calendar:read")]) -> ClassRules:
    """Cap, gap, hours and rank of every class, from which day on; past settings stay for the proofs."""
    today = clock.business_date(clock.now())
    async with here.database.reading() as session:
        book = rules.Rulebook(found := await repository.all_rules(session))
    newest = sorted(found, key=lambda r: r.effective_from, reverse=True)
    ordered = sorted(newest, key=lambda r: r.message_class)
    return ClassRules(items=[ClassRuleRead.of(rule, book, today) for rule in ordered])


@router.post("/class-rules", status_code=201, response_model=ClassRuleRead)
async def add_class_rule(
    body: ClassRuleCreate, once: Once, _caller: Annotated[Caller, requires("calendar:write")]
) -> Response:
    """A new setting of one class from tomorrow on or later. A class stays exempt or capped as it is."""
    today = clock.business_date(clock.now())
    async with once.transaction() as session:
        rule = await usecases.add_rule(session, body.changes(), today=today)
        book = rules.Rulebook([*(r for r in await repository.all_rules(session) if r != rule), rule])
        return once.answer(201, ClassRuleRead.of(rule, book, today))


@router.delete("/class-rules/{message_class}/{effective_from}", status_code=204)
async def withdraw_class_rule(
    message_class: CappedClass,
    effective_from: date,
    here: Here,
    _caller: Annotated[Caller, requires("calendar:write")],
) -> None:
    """Take back a setting that has not begun."""
    today = clock.business_date(clock.now())
    async with here.database.transaction() as session:
        await usecases.withdraw_rule(session, message_class, effective_from, today=today)
