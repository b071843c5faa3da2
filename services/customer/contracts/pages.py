"""A customer's contracts on the card, and the contracts that end soon, to be spoken of with their customers."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from services.customer.archive import repository as archive
from services.customer.contracts import repository, usecases
from services.customer.contracts.errors import ContractExists
from services.customer.contracts.repository import Filters
from services.customer.contracts.schemas import ContractCreate, DueRead
from services.customer.contracts.usecases import AgreeContract
from shared import clock
from shared.errors import Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("contracts:read")]
Writer = Annotated[Caller, requires("contracts:write")]
REMINDERS = "/customer/contract-reminders"
TYPED = ("title", "number", "starts_on", "ends_on", "note")
SHOWN = 50


@router.get("/customer/customers/{customer_id}/contracts")
async def contracts(request: Request, here: Here, caller: Reader, customer_id: UUID) -> Response:
    return await _contracts(request, here, caller, customer_id)


@router.post("/customer/customers/{customer_id}/contracts")
async def agree(request: Request, here: Here, caller: Writer, customer_id: UUID) -> Response:
    form = await request.form()
    typed = {name: str(form[name]) for name in TYPED if form.get(name)}
    try:
        body = ContractCreate.model_validate({**typed, "customer_id": customer_id})
        command = AgreeContract(caller.area, customer_id, body.content(), caller.subject)
        async with here.database.transaction() as session:
            await usecases.agree_contract(session, command, now=clock.now())
    except (Invalid, ContractExists, ValidationError) as wrong:
        errors = _errors_of(wrong)
        return await _contracts(request, here, caller, customer_id, status=422, errors=errors, typed=typed)
    return see_other(request, f"/customer/customers/{customer_id}", say="合约已登记，到期前会提醒。")


@router.get("/customer/contract-reminders")
async def reminders(
    request: Request, here: Here, caller: Reader, cursor: Annotated[str | None, Query(max_length=2000)] = None
) -> Response:
    """A clerk sees those of their own customers, a manager the hall's."""
    filters = Filters(clerk=caller.subject if caller.role == "clerk" else None)
    page = PageRequest(SHOWN, cursor)
    async with here.database.reading() as session:
        found = await repository.reminders_page(session, caller.area, filters, page, done=False)
        due = [DueRead.of(row) for row in found.items]
        names = await archive.names_of(session, [each.contract.customer_id for each in due])
    return render(
        request, "contracts/reminders.html", due=due, names=names, writes="contracts:write" in caller.scopes,
        next_url=f"?cursor={found.next_cursor}" if found.next_cursor else None,
    )  # fmt: skip


@router.get("/customer/contract-reminders/{reminder_id}/completion")
async def back_to_reminders(request: Request, _caller: Reader, reminder_id: UUID) -> Response:
    return see_other(request, REMINDERS)


@router.post("/customer/contract-reminders/{reminder_id}/completion")
async def complete(request: Request, here: Here, caller: Writer, reminder_id: UUID) -> Response:
    async with here.database.transaction() as session:
        await usecases.complete_reminder(
            session, reminder_id, caller.area, by=caller.subject, now=clock.now()
        )
    return see_other(request, REMINDERS, say="已登记：与客户谈过了。")


async def _contracts(
    request: Request,
    here: Runtime,
    caller: Caller,
    customer_id: UUID,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """For htmx the part that the card shows."""
    async with here.database.reading() as session:
        customer = await archive.get_customer(session, customer_id, caller.area)
        filters = Filters(customer_id=customer_id)
        found = await repository.contracts_page(session, caller.area, filters, PageRequest(SHOWN))
    part = wants_part(request)
    filled = {**dict.fromkeys(TYPED, ""), **(typed or {})}
    return render(
        request, "contracts/part.html" if part else "contracts/contracts.html", status=status, customer=customer,
        contracts=found.items, today=clock.business_date(clock.now()), errors=errors or {}, filled=filled,
        writes="contracts:write" in caller.scopes and customer.status == "active",
    )  # fmt: skip


def _errors_of(wrong: Invalid | ContractExists | ValidationError) -> dict[str, str]:
    if isinstance(wrong, ContractExists):
        return {"number": wrong.message}
    found = findings(wrong)
    missing = {"missing", "string-too-short"}
    return {e.pointer.strip("/"): "请填写。" if e.code in missing else e.detail for e in found}
