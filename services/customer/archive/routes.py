"""The archive over HTTP: register, find, change; consents, the stored number and the audited reveal."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.access_log import usecases as access_log
from services.customer.archive import repository, usecases
from services.customer.archive.models import ExternalId
from services.customer.archive.schemas import (
    ChangeRead,
    Code,
    CodeRead,
    CustomerCard,
    CustomerCreate,
    CustomerPatch,
    CustomerPut,
    CustomerRead,
    ExternalKey,
    ExternalSource,
    Name,
    NumberStoredBody,
    PhoneLookup,
    PhoneReveal,
    PhoneRevealed,
    Place,
    StaffNo,
)
from services.customer.archive.usecases import (
    ChangeConsent,
    EditCustomer,
    RegisterCustomer,
    RevealPhone,
    StoreNumber,
)
from services.customer.consent import repository as consent_ledger
from services.customer.consent.schemas import ConsentCreate, ConsentLedger, ConsentRead, Moment
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, IfMatchToChange, Once, PageQuery, requires
from shared.web.etags import etag
from shared.web.once import json_response

router = APIRouter(prefix="/customer/v1", tags=["archive"])

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("customers:write")]
Days = Annotated[str, Query(pattern=r"^[0-9]{1,4}d$", description="例如 60d：60 天以上未联系")]


@router.post("/customers", status_code=201, response_model=CustomerRead)
async def register_customer(body: CustomerCreate, here: Here, once: Once, caller: Writer) -> Response:
    """Archive a customer who agreed; without that agreement nothing of the request is kept anywhere."""
    now = clock.now()
    facts = body.facts(now=now)
    command = RegisterCustomer(area=caller.area, phone=here.phones.seal(body.phone), **facts)
    async with once.transaction() as session:
        customer = await usecases.register_customer(session, command, now=now)
        return once.answer(201, CustomerRead.of(customer), etag=customer.version)


@router.put("/customers/by-external-id/{source}/{external_id}", response_model=CustomerRead)
async def put_customer(
    source: ExternalSource,
    external_id: ExternalKey,
    body: CustomerPut,
    here: Here,
    caller: Writer,
    if_match: IfMatchToChange,
) -> Response:
    """Register, or bring up to date; `If-Match` is needed only where something changes."""
    now, external = clock.now(), ExternalId(source, external_id)
    facts = body.facts(now=now)
    command = RegisterCustomer(
        area=caller.area, phone=here.phones.seal(body.phone), external=external, **facts
    )
    async with here.database.transaction() as session:
        customer, is_new = await usecases.put_customer(
            session, command, by=caller.subject, unless_stale=if_match.check, now=now
        )
    return json_response(201 if is_new else 200, CustomerRead.of(customer), etag=customer.version)


@router.get("/customers", response_model=Page[CustomerRead])
async def list_customers(
    here: Here,
    caller: Reader,
    page: PageQuery,
    hall: Place | None = None,
    clerk: StaffNo | None = None,
    brand: Code | None = None,
    tier: Place | None = None,
    not_contacted_for: Days | None = None,
    q: Name | None = None,
) -> Response:
    """Newest first; `q` is how the name begins."""
    since = clock.now() - timedelta(days=int(not_contacted_for[:-1])) if not_contacted_for else None
    filters = repository.Filters(hall, clerk, brand, tier, since, q)
    async with here.database.reading() as session:
        found = await repository.customers_page(session, caller.area, filters, page)
    return json_response(200, found.map(CustomerRead.of))  # as it is: the framework would check it once more


@router.post("/customers/lookup", response_model=CustomerCard)
async def look_up_customer(body: PhoneLookup, here: Here, caller: Reader) -> Response:
    """Find by number. A POST, so that the number stands in no URL and no log."""
    async with here.database.reading() as session:
        index = here.phones.index(body.phone)
        customer = await repository.get_customer_with_phone(session, index, caller.area)
        card = CustomerCard.of_record(await repository.record_of(session, customer))
    await access_log.note_view(here.database, caller, customer, now=clock.now())
    return json_response(200, card, etag=customer.version)


@router.get("/customers/{customer_id}")
async def get_customer(customer_id: UUID, here: Here, caller: Reader, response: Response) -> CustomerCard:
    async with here.database.reading() as session:
        customer = await repository.get_customer(session, customer_id, caller.area)
        card = CustomerCard.of_record(await repository.record_of(session, customer))
    await access_log.note_view(here.database, caller, customer, now=clock.now())
    response.headers["ETag"] = etag(customer.version)
    return card


@router.patch("/customers/{customer_id}")
async def edit_customer(
    customer_id: UUID, body: CustomerPatch, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> CustomerRead:
    phone = here.phones.seal(body.phone) if body.phone else None
    command = EditCustomer(caller.area, customer_id, body.changes(), caller.subject, phone)
    async with here.database.transaction() as session:
        customer = await usecases.edit_customer(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(customer.version)
    return CustomerRead.of(customer)


@router.get("/customers/{customer_id}/history")
async def list_changes(customer_id: UUID, here: Here, caller: Reader, page: PageQuery) -> Page[ChangeRead]:
    """Who changed what and when, newest first; number and name only masked."""
    async with here.database.reading() as session:
        customer = await repository.get_customer(session, customer_id, caller.area)
        found = await repository.changes_page(session, customer.id, page)
    return found.map(ChangeRead.model_validate)


@router.post("/customers/{customer_id}/number-stored", status_code=201, response_model=CustomerRead)
async def store_number(customer_id: UUID, body: NumberStoredBody, once: Once, caller: Writer) -> Response:
    command = StoreNumber(caller.area, customer_id, body.value(_staff_of(caller)))
    async with once.transaction() as session:
        customer = await usecases.store_number(session, command, now=clock.now())
        return once.answer(201, CustomerRead.of(customer), etag=customer.version)


@router.post("/customers/{customer_id}/consents", status_code=201, response_model=ConsentRead)
async def change_consent(
    customer_id: UUID, body: ConsentCreate, once: Once, caller: Annotated[Caller, requires("consents:write")]
) -> Response:
    now = clock.now()
    command = ChangeConsent(caller.area, customer_id, **body.facts(by=_staff_of(caller), now=now))
    async with once.transaction() as session:
        customer, entry = await usecases.change_consent(session, command, now=now)
        return once.answer(201, ConsentRead.model_validate(entry), etag=customer.version)


@router.get("/customers/{customer_id}/consents")
async def list_consents(
    customer_id: UUID,
    here: Here,
    caller: Annotated[Caller, requires("consents:read")],
    as_of: Moment | None = None,
) -> ConsentLedger:
    """What the customer agrees to, or agreed to at `as_of`, with every entry said until then."""
    async with here.database.reading() as session:
        customer = await repository.get_customer(session, customer_id, caller.area)
        entries = await consent_ledger.entries_of(session, customer.id)
    return ConsentLedger.of(entries, as_of or clock.now())


@router.post("/customers/{customer_id}/phone-reveals", status_code=201)
async def reveal_phone(
    customer_id: UUID,
    body: PhoneReveal,
    here: Here,
    caller: Annotated[Caller, requires("phone:reveal")],
    response: Response,
) -> PhoneRevealed:
    """The clear number, after the access log has it. No idempotency key: its stored answer would hold the number."""
    command = RevealPhone(caller.area, customer_id, caller.subject, caller.role, body.reason)
    async with here.database.transaction() as session:
        customer = await usecases.reveal_phone(session, command, now=clock.now())
    response.headers["Cache-Control"] = "no-store"
    return PhoneRevealed(phone=here.phones.open(customer.phone_enc))


@router.get("/codes")
async def list_codes(here: Here, _caller: Reader) -> dict[str, list[CodeRead]]:
    """The code tables: brand, age_band, spend_band, habit, preference."""
    async with here.database.reading() as session:
        tables = await repository.code_tables(session)
    return {kind: [CodeRead.model_validate(code) for code in tables.of(kind)] for kind in tables.kinds}


def _staff_of(caller: Caller) -> str:
    """The member of staff behind a request; empty for a machine, which acts for the customer's own clerk."""
    return "" if caller.role == "pos" else caller.subject
