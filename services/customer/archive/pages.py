"""The clerk's workbench: find a customer by number, or ask for consent and register; the card with what is known.

A number is only ever posted, never part of an address. Everything works without scripts; htmx only saves reloads.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.customer.access_log import usecases as access_log
from services.customer.archive import repository, rules, usecases
from services.customer.archive.errors import CustomerExists
from services.customer.archive.schemas import (
    CustomerCard,
    CustomerCreate,
    CustomerRead,
    NumberStoredBody,
    PhoneReveal,
)
from services.customer.archive.usecases import ChangeConsent, RegisterCustomer, RevealPhone, StoreNumber
from services.customer.consent import repository as consent_ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.errors import ConsentRequired
from services.customer.consent.rules import PURPOSE_LABELS, Purpose
from services.customer.consent.schemas import ConsentCreate
from services.customer.directory import repository as directory
from services.customer.directory.models import Hall
from shared import clock
from shared.errors import Forbidden, Invalid
from shared.pagination import PageRequest
from shared.phones import InvalidPhone
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("customers:write")]
WORKBENCH = "/customer/workbench"
RECENT = 10
EVIDENCE_KINDS = {"signature": "签字单", "recording": "录音", "sms": "短信回复"}
LEFT_OUT = frozenset({"missing", "string-too-short"})
CHANNELS = {"counter": "到厅当面", "hall_phone": "来电"}


@router.get("/customer/workbench")
async def workbench(request: Request, here: Here, caller: Reader) -> Response:
    return await _workbench(request, here, caller)


@router.post("/customer/workbench/search")
async def search(
    request: Request, here: Here, caller: Reader, phone: Annotated[str, Form()] = ""
) -> Response:
    """The card when the number is known; the registration when it is nobody's; the reason when it is neither."""
    try:
        index = here.phones.index(phone)
    except InvalidPhone as wrong:
        return await _workbench(
            request, here, caller, status=422, phone=phone, errors=_blank(phone=wrong.message)
        )
    async with here.database.reading() as session:
        customer = await repository.customer_with_phone_or_none(session, index, caller.area)
        elsewhere = customer is None and await repository.active_id_of(session, index)
    if customer is not None:
        return see_other(request, f"/customer/customers/{customer.id}")
    if elsewhere:
        return await _workbench(request, here, caller, phone=phone, elsewhere=True)
    return await _workbench(request, here, caller, phone=phone, registering=_blank(phone=phone))


@router.get("/customer/workbench/search")
@router.get("/customer/workbench/customers")
async def back_to_workbench(request: Request, _caller: Reader) -> Response:
    """Whoever opens again the address to which a form was sent begins anew."""
    return see_other(request, WORKBENCH)


@router.post("/customer/workbench/customers")
async def register(request: Request, here: Here, caller: Writer) -> Response:
    """The form again with what is wrong, or the new customer's card. Sending it twice leads to the same card."""
    form, now = await request.form(), clock.now()
    try:
        body = CustomerCreate.model_validate(await _body_of(form, here, caller))
        facts = body.facts(now=now)
        phone = here.phones.seal(body.phone)
        command = RegisterCustomer(area=caller.area, phone=phone, origin="page", **facts)
        async with here.database.transaction() as session:
            customer = await usecases.register_customer(session, command, now=now)
    except CustomerExists as exists:
        return see_other(
            request,
            f"/customer/customers/{exists.extras['existing_id']}",
            say="这个号码已经入档。",
            tone="warn",
        )
    except (Invalid, ValidationError) as wrong:
        values, errors = _values_of(form), _errors_of(wrong)
        if Purpose.ARCHIVE not in form:
            errors["archive"] = ConsentRequired.detail
        return await _workbench(
            request, here, caller, status=422, phone=values["phone"], registering=values, errors=errors
        )
    return see_other(request, f"/customer/customers/{customer.id}", say="已入档。")


@router.get("/customer/customers/{customer_id}")
async def card(request: Request, here: Here, caller: Reader, customer_id: UUID) -> Response:
    return await _card(request, here, caller, customer_id)


@router.get("/customer/customers/{customer_id}/consents")
@router.get("/customer/customers/{customer_id}/phone-reveals")
async def back_to_card(request: Request, _caller: Reader, customer_id: UUID) -> Response:
    return see_other(request, f"/customer/customers/{customer_id}")


@router.post("/customer/customers/{customer_id}/consents")
async def change_consent(
    request: Request, here: Here, caller: Annotated[Caller, requires("consents:write")], customer_id: UUID
) -> Response:
    form, now = await request.form(), clock.now()
    try:
        body = ConsentCreate.model_validate(_consent_of(form))
    except ValidationError as wrong:
        return await _card(
            request, here, caller, customer_id, status=422, errors=_errors_of(wrong), filled=_values_of(form)
        )
    command = ChangeConsent(caller.area, customer_id, **body.facts(by=caller.subject, now=now))
    async with here.database.transaction() as session:
        await usecases.change_consent(session, command, now=now)
    return see_other(request, f"/customer/customers/{customer_id}", say="已登记，立即生效。")


@router.post("/customer/customers/{customer_id}/number-stored")
async def store_number(request: Request, here: Here, caller: Writer, customer_id: UUID) -> Response:
    """The clerk confirms what the page shows: the hall's registered name and number are in the phone."""
    async with here.database.transaction() as session:
        customer = await repository.get_customer(session, customer_id, caller.area)
        hall = await directory.get_hall(session, customer.hall)
        stored = NumberStoredBody(name=hall.registered_name, number=hall.number, at=clock.now())
        command = StoreNumber(caller.area, customer_id, stored.value(caller.subject))
        await usecases.store_number(session, command, now=clock.now())
    return see_other(request, f"/customer/customers/{customer_id}", say="已登记：厅名和号码已存入客户手机。")


@router.post("/customer/customers/{customer_id}/phone-reveals")
async def reveal_phone(
    request: Request,
    here: Here,
    caller: Annotated[Caller, requires("phone:reveal")],
    customer_id: UUID,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """The clear number on this one answer, after the access log has who and why."""
    try:
        body = PhoneReveal(reason=reason)
    except ValidationError as wrong:
        return await _card(request, here, caller, customer_id, status=422, errors=_errors_of(wrong))
    command = RevealPhone(caller.area, customer_id, caller.subject, caller.role, body.reason)
    async with here.database.transaction() as session:
        customer = await usecases.reveal_phone(session, command, now=clock.now())
    number = here.phones.open(customer.phone_enc).removeprefix("+86")
    return await _card(request, here, caller, customer_id, number=number)


async def _workbench(
    request: Request, here: Runtime, caller: Caller, *, status: int = 200, **values: Any
) -> Response:
    """The whole page, or for htmx all of it that changes."""
    part = wants_part(request)
    async with here.database.reading() as session:
        hall = await directory.get_hall(session, caller.hall) if caller.hall else None
        filters = repository.Filters(clerk=caller.subject if caller.role == "clerk" else None)
        latest = await repository.customers_page(session, caller.area, filters, PageRequest(limit=RECENT))
        tables = await repository.code_tables(session)
        wording = await consent_ledger.wording_on(session, clock.business_date(clock.now()))
    usual = {"phone": "", "errors": _blank(), "registering": None, "elsewhere": False}
    return render(
        request,
        "archive/desk.html" if part else "archive/workbench.html",
        status=status,
        part=part,
        hall=hall,
        latest=[CustomerRead.of(customer) for customer in latest.items],
        latest_title="我最近入档的客户" if caller.role == "clerk" else "最近入档的客户",
        tables=tables,
        wording=wording,
        introduction=_read_aloud(wording.introduction, hall, caller),
        purposes=PURPOSE_LABELS,
        evidence_kinds=EVIDENCE_KINDS,
        **{**usual, **values},
    )


async def _card(
    request: Request, here: Runtime, caller: Caller, customer_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    async with here.database.reading() as session:
        customer = await repository.get_customer(session, customer_id, caller.area)
        record = await repository.record_of(session, customer)
        hall = await directory.get_hall(session, customer.hall)
        clerks = await directory.clerk_names_of_hall(session, customer.hall)
        tables = await repository.code_tables(session)
        wording = await consent_ledger.wording_on(session, clock.business_date(clock.now()))
    await access_log.note_view(here.database, caller, customer, now=clock.now())
    usual = {"number": None, "errors": _blank(), "filled": _blank()}
    return render(
        request,
        "archive/customer.html",
        status=status,
        customer=CustomerCard.of_record(record),
        carried_sms_count=customer.carried_sms_count,
        tickets=[(ticket, rules.ticket_phrase(ticket)) for ticket in record.tickets],
        last_words=consent_rules.in_force(record.consents),
        hall=hall,
        clerks=clerks,
        tables=tables,
        wording=wording,
        purposes=PURPOSE_LABELS,
        evidence_kinds=EVIDENCE_KINDS,
        channels=CHANNELS,
        **{**usual, **values},
    )


async def _body_of(form: FormData, here: Runtime, caller: Caller) -> dict[str, Any]:
    """The form as the API's own body, so that pages and API are judged alike."""
    if caller.hall is None:
        raise Forbidden
    values = _values_of(form)
    body = {
        field: values[field]
        for field in ("phone", "name", "brand", "age_band", "spend_band", "gender")
        if values.get(field)
    }
    body |= {note: values[note] for note in ("habits_note", "preferences_note") if values.get(note)}
    body |= {
        "hall": caller.hall,
        "clerk": caller.subject,
        "wording_version": values["wording_version"],
    }
    body |= {field: form.getlist(field) for field in ("habits", "preferences")}
    body["consents"] = {purpose.value: purpose.value in form for purpose in Purpose}
    body["consent_evidence"] = {
        "kind": values.get("evidence_kind", ""),
        "reference": values.get("evidence_reference", ""),
    }
    if "number_stored" in form:
        body["number_stored"] = await _plate(here, caller.hall)
    return body


async def _plate(here: Runtime, hall: str) -> dict[str, Any]:
    async with here.database.reading() as session:
        found = await directory.get_hall(session, hall)
    return {"name": found.registered_name, "number": found.number, "at": clock.now()}


def _consent_of(form: FormData) -> dict[str, Any]:
    values = {name: form.get(name, "") for name in ("purpose", "decision", "channel", "wording_version")}
    evidence = {"kind": form.get("evidence_kind", ""), "reference": form.get("evidence_reference", "")}
    return {**values, "evidence": evidence}


def _blank(**values: Any) -> dict[str, Any]:
    """Values of a form in which every other field is empty."""
    return defaultdict(str, values)


def _values_of(form: FormData) -> Mapping[str, Any]:
    """What was typed, to show the form again as it was; lists for what may be ticked several times."""
    several = {"habits", "preferences"}
    values: dict[str, Any] = {name: form.getlist(name) for name in several}
    return _blank(**values, **{name: str(value) for name, value in form.items() if name not in several})


def _errors_of(wrong: Invalid | ValidationError) -> dict[str, str]:
    """What is wrong with which field; what belongs to none stands above the form."""
    found = findings(wrong)
    if not found and isinstance(wrong, Invalid):
        return _blank(**{_field_of(wrong): wrong.message})
    return _blank(**{_field_at(e.pointer): "请填写。" if e.code in LEFT_OUT else e.detail for e in found})


def _field_of(wrong: Invalid) -> str:
    fields = {InvalidPhone: "phone", ConsentRequired: "archive"}
    return fields.get(type(wrong), "form")


def _field_at(pointer: str) -> str:
    """/habits/1 → habits, /consent_evidence/reference → evidence_reference."""
    first, *rest = pointer.strip("/").split("/")
    return f"evidence_{rest[0]}" if first in {"consent_evidence", "evidence"} and rest else first


def _read_aloud(introduction: str, hall: Hall | None, caller: Caller) -> str:
    name = hall.registered_name if hall else ""
    return introduction.replace("{hall}", name).replace("{clerk}", caller.display or "营业员")
