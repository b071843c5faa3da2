"""A person's data on paper: the clerk says why, prints the page, and hands it over."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.customer.archive import repository as archive
from services.customer.exports import schemas, usecases
from services.customer.exports.schemas import ELSEWHERE
from services.customer.exports.usecases import ExportPerson
from shared import clock
from shared.personal_data import REASONS, Reason
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render

router = APIRouter(include_in_schema=False)

Exporter = Annotated[Caller, requires("personal_data:read")]
ELSEWHERE_NAMES = {"messaging": "短信服务保存的资料", "complaints": "投诉服务保存的资料"}


@router.get("/customer/customers/{customer_id}/data")
async def ask(request: Request, here: Here, caller: Exporter, customer_id: UUID) -> Response:
    return await _ask(request, here, caller, customer_id)


@router.post("/customer/customers/{customer_id}/data")
async def show(
    request: Request, here: Here, caller: Exporter, customer_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    if reason not in set(Reason):
        return await _ask(request, here, caller, customer_id, errors={"reason": "请选择原因。"})
    now, chosen = clock.now(), Reason(reason)
    command = ExportPerson(caller.area, customer_id, caller.subject, caller.role, REASONS[chosen])
    async with here.database.transaction() as session:
        customer, held = await usecases.export_person(session, command, now=now)
        tables = await archive.code_tables(session)
    clear = caller.may("phone:reveal")
    return render(
        request,
        "exports/person.html",
        customer=customer,
        phone=here.phones.open(customer.phone_enc).removeprefix("+86") if clear else customer.phone_masked,
        reason=REASONS[chosen],
        now=now,
        sections=schemas.readable(held, tables),
        elsewhere=[
            (ELSEWHERE_NAMES[service], f"/{service}/v1/customers/{customer.id}/data?reason={chosen}")
            for service in ELSEWHERE
        ],
    )


async def _ask(
    request: Request, here: Here, caller: Caller, customer_id: UUID, errors: dict[str, str] | None = None
) -> Response:
    async with here.database.reading() as session:
        customer = await archive.get_customer(session, customer_id, caller.area)
    return render(
        request,
        "exports/ask.html",
        status=422 if errors else 200,
        customer=customer,
        reasons=[(str(reason), label) for reason, label in REASONS.items()],
        errors=errors or {},
    )
