"""Consent by SMS code over HTTP: ask for a code, hand in what the customer read aloud."""

import secrets
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.customer.confirmations import rules, usecases
from services.customer.confirmations.schemas import CodeConfirmation, CodeRead, CodeRequest, Confirmed
from services.customer.confirmations.usecases import Confirm, Keys, RequestCode
from services.customer.consent.schemas import ConsentRead
from shared import clock, ids
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, requires

router = APIRouter(prefix="/customer/v1", tags=["consent"])

Writer = Annotated[Caller, requires("consents:write")]


@router.post("/customers/{customer_id}/consent-codes", status_code=201, response_model=CodeRead)
async def request_code(
    customer_id: UUID, body: CodeRequest, here: Here, once: Once, caller: Writer
) -> Response:
    """Send the customer a code by SMS. It ends the one before."""
    command = RequestCode(
        area=caller.area,
        customer_id=customer_id,
        code_id=ids.uuid7(),
        code=rules.new_code(secrets.randbelow),
        purposes=body.purposes,
        wording_version=body.wording_version,
        by=body.clerk or caller.subject,
    )
    async with once.transaction() as session:
        code = await usecases.request_code(session, command, keys_of(here), now=clock.now())
        return once.answer(201, CodeRead.model_validate(code))


@router.post(
    "/customers/{customer_id}/consent-codes/{code_id}/confirmation",
    status_code=201,
    response_model=Confirmed,
)
async def confirm(
    customer_id: UUID, code_id: UUID, body: CodeConfirmation, here: Here, once: Once, caller: Writer
) -> Response:
    """Grant what the code was sent for. Each try is paid for, and committed, before the code is looked at."""
    by = body.clerk or ("" if caller.role == "pos" else caller.subject)
    command = Confirm(caller.area, customer_id, code_id, body.code, body.channel, by)
    await once.replay_if_known()
    async with here.database.transaction() as session:
        await usecases.pay_for_attempt(session, command, now=clock.now())
    async with once.transaction() as session:
        customer, entries = await usecases.confirm(session, command, keys_of(here), now=clock.now())
        confirmed = Confirmed(items=[ConsentRead.model_validate(entry) for entry in entries])
        return once.answer(201, confirmed, etag=customer.version)


def keys_of(here: Runtime) -> Keys:
    return Keys(here.phones, here.keyring.secret(usecases.KEY_NAME))
