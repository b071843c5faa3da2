"""The code at the counter: a part of the customer's card, and the same as a page of its own."""

import secrets
from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.customer.archive import repository as archive_records
from services.customer.confirmations import repository, rules, usecases
from services.customer.confirmations.errors import TooManyConsentCodes
from services.customer.confirmations.schemas import CHANNELS
from services.customer.confirmations.usecases import Confirm, Keys, RequestCode
from services.customer.consent import repository as ledger
from services.customer.consent.rules import PURPOSE_LABELS, Purpose
from shared import clock, ids
from shared.errors import Conflict, Forbidden
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Writer = Annotated[Caller, requires("consents:write")]
STATUS_OF_WRONG = 422


@router.get("/customer/customers/{customer_id}/consent-codes")
async def show(request: Request, here: Here, caller: Writer, customer_id: UUID) -> Response:
    return await _show(request, here, caller, customer_id)


@router.post("/customer/customers/{customer_id}/consent-codes")
async def request_code(
    request: Request,
    here: Here,
    caller: Writer,
    customer_id: UUID,
    purposes: Annotated[list[str] | None, Form()] = None,
    wording_version: Annotated[str, Form()] = "",
) -> Response:
    asked = [purpose for purpose in Purpose if purpose in (purposes or ())]
    if not asked:
        return await _show(
            request, here, caller, customer_id, errors={"purposes": "请至少选择一项客户同意的用途。"}
        )
    code = rules.new_code(secrets.randbelow)
    command = RequestCode(caller.area, customer_id, ids.uuid7(), code, asked, wording_version, caller.subject)
    try:
        async with here.database.transaction() as session:
            await usecases.request_code(session, command, _keys(here), now=clock.now())
    except TooManyConsentCodes as refused:
        return await _show(request, here, caller, customer_id, errors={"purposes": refused.message})
    return see_other(request, f"/customer/customers/{customer_id}/consent-codes", say="验证码正在发送。")


@router.post("/customer/customers/{customer_id}/consent-codes/{code_id}")
async def confirm(
    request: Request,
    here: Here,
    caller: Writer,
    customer_id: UUID,
    code_id: UUID,
    code: Annotated[str, Form()] = "",
    channel: Annotated[str, Form()] = "counter",
) -> Response:
    by = channel if channel in CHANNELS else "counter"
    command = Confirm(caller.area, customer_id, code_id, code, by, caller.subject)
    try:
        async with here.database.transaction() as session:
            await usecases.pay_for_attempt(session, command, now=clock.now())
        async with here.database.transaction() as session:
            await usecases.confirm(session, command, _keys(here), now=clock.now())
    except (Conflict, Forbidden) as refused:
        return await _show(request, here, caller, customer_id, errors={"code": refused.message})
    return see_other(
        request, f"/customer/customers/{customer_id}", say="客户已用短信验证码确认，同意立即生效。"
    )


@router.get("/customer/customers/{customer_id}/consent-codes/{code_id}")
async def back(request: Request, _caller: Writer, customer_id: UUID, code_id: UUID) -> Response:
    return see_other(request, f"/customer/customers/{customer_id}/consent-codes")


async def _show(
    request: Request, here: Runtime, caller: Caller, customer_id: UUID, errors: dict[str, str] | None = None
) -> Response:
    """The form for the code while one is open, else the form to ask for one."""
    now = clock.now()
    async with here.database.reading() as session:
        customer = await archive_records.get_customer(session, customer_id, caller.area)
        wording = await ledger.wording_on(session, clock.business_date(now))
        code = await repository.latest_of(session, customer.id)
    part = wants_part(request)
    values: dict[str, Any] = {
        "customer": customer,
        "wording": wording,
        "open_code": code if code is not None and code.is_open(now) else None,
        "labels": PURPOSE_LABELS,
        "channels": CHANNELS,
        "errors": defaultdict(str, errors or {}),
    }
    template = "confirmations/part.html" if part else "confirmations/page.html"
    return render(request, template, status=STATUS_OF_WRONG if errors else 200, **values)


def _keys(here: Runtime) -> Keys:
    return Keys(here.phones, here.keyring.secret(usecases.KEY_NAME))
