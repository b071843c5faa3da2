"""Checks of records over HTTP, and how accurate the archive was in a month."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.archive import repository as archive
from services.customer.archive.schemas import Place
from services.customer.checks import repository, usecases
from services.customer.checks.schemas import AccuracyRead, CheckCreate, CheckRead
from services.customer.checks.usecases import CheckRecord
from shared import clock
from shared.events.base import MONTH
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/customer/v1", tags=["checks"])

Reader = Annotated[Caller, requires("customers:read")]
Checker = Annotated[Caller, requires("customers:write")]


@router.post("/customers/{customer_id}/record-checks", status_code=201, response_model=CheckRead)
async def check_record(customer_id: UUID, body: CheckCreate, once: Once, caller: Checker) -> Response:
    """What was found right and wrong; by somebody other than the customer's manager."""
    by = body.clerk or caller.subject if caller.role == "pos" else caller.subject
    command = CheckRecord(caller.area, customer_id, body.fields, by)
    async with once.transaction() as session:
        check = await usecases.check_record(session, command, now=clock.now())
        return once.answer(201, CheckRead.model_validate(check))


@router.get("/customers/{customer_id}/record-checks")
async def list_checks(customer_id: UUID, here: Here, caller: Reader, page: PageQuery) -> Page[CheckRead]:
    """Newest first."""
    async with here.database.reading() as session:
        customer = await archive.get_customer(session, customer_id, caller.area)
        found = await repository.checks_page(session, customer.id, page)
    return found.map(CheckRead.model_validate)


@router.get("/archive-accuracy")
async def read_accuracy(
    here: Here, caller: Reader, month: Annotated[str, Query(pattern=MONTH)], hall: Place | None = None
) -> AccuracyRead:
    """Fields found right of fields looked at, in the checks of that month."""
    start, end = clock.month_bounds(month)
    async with here.database.reading() as session:
        found = await repository.accuracy(session, start, end, caller.area, hall)
    return AccuracyRead.of(month, found)
