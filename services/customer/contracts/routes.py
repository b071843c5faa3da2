"""Contracts over HTTP: agree, change, list, and the reminders that are due."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.archive.schemas import Place, StaffNo
from services.customer.contracts import repository, usecases
from services.customer.contracts.repository import Filters
from services.customer.contracts.schemas import (
    ContractCreate,
    ContractPatch,
    ContractRead,
    DueRead,
    ReminderRead,
)
from services.customer.contracts.usecases import AgreeContract, ReviseContract
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["contracts"])

Reader = Annotated[Caller, requires("contracts:read")]
Writer = Annotated[Caller, requires("contracts:write")]
Within = Annotated[str, Query(pattern=r"^[0-9]{1,3}d$", description="例如 30d：30 天内到期")]


@router.post("/contracts", status_code=201, response_model=ContractRead)
async def agree_contract(body: ContractCreate, once: Once, caller: Writer) -> Response:
    command = AgreeContract(caller.area, body.customer_id, body.content(), body.clerk or caller.subject)
    async with once.transaction() as session:
        contract = await usecases.agree_contract(session, command, now=clock.now())
        return once.answer(201, ContractRead.model_validate(contract), etag=contract.version)


@router.get("/contracts")
async def list_contracts(
    here: Here,
    caller: Reader,
    page: PageQuery,
    customer_id: UUID | None = None,
    hall: Place | None = None,
    clerk: StaffNo | None = None,
    ending_within: Within | None = None,
) -> Page[ContractRead]:
    """Those that end first, first; with `ending_within` only what ends in that many days."""
    today = clock.business_date(clock.now())
    until = today + timedelta(days=int(ending_within[:-1])) if ending_within else None
    filters = Filters(customer_id, hall, clerk, until, today if until else None)
    async with here.database.reading() as session:
        found = await repository.contracts_page(session, caller.area, filters, page)
    return found.map(ContractRead.model_validate)


@router.get("/contracts/{contract_id}")
async def get_contract(contract_id: UUID, here: Here, caller: Reader, response: Response) -> ContractRead:
    async with here.database.reading() as session:
        contract = await repository.get_contract(session, contract_id, caller.area)
    response.headers["ETag"] = etag(contract.version)
    return ContractRead.model_validate(contract)


@router.patch("/contracts/{contract_id}")
async def revise_contract(
    contract_id: UUID, body: ContractPatch, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> ContractRead:
    command = ReviseContract(caller.area, contract_id, body.changes())
    async with here.database.transaction() as session:
        contract = await usecases.revise_contract(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(contract.version)
    return ContractRead.model_validate(contract)


@router.get("/contract-reminders")
async def list_reminders(
    here: Here,
    caller: Reader,
    page: PageQuery,
    state: Literal["due", "done"] = "due",
    hall: Place | None = None,
    clerk: StaffNo | None = None,
) -> Page[DueRead]:
    """Longest due first, each with its contract."""
    filters = Filters(hall=hall, clerk=clerk)
    async with here.database.reading() as session:
        found = await repository.reminders_page(session, caller.area, filters, page, done=state == "done")
    return found.map(DueRead.of)


@router.post("/contract-reminders/{reminder_id}/completion", response_model=ReminderRead)
async def complete_reminder(reminder_id: UUID, once: Once, caller: Writer) -> Response:
    """Somebody spoke with the customer; once, whoever says it again."""
    async with once.transaction() as session:
        reminder = await usecases.complete_reminder(
            session, reminder_id, caller.area, by=caller.subject, now=clock.now()
        )
        return once.answer(200, ReminderRead.model_validate(reminder))
