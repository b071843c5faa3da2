"""Hand-overs over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.customer.archive.schemas import CustomerRead, StaffNo
from services.customer.handovers import repository, usecases
from services.customer.handovers.schemas import HandoverCreate, HandoverRead, ReassignmentCreate
from services.customer.handovers.usecases import HandOver, ReassignCustomer
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/customer/v1", tags=["handovers"])

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("handovers:write")]


@router.post("/clerks/{staff_no}/handovers", status_code=201, response_model=HandoverRead)
async def hand_over(staff_no: StaffNo, body: HandoverCreate, once: Once, caller: Writer) -> Response:
    """Customers, open follow-ups and (by `customer.reassigned`) open tickets go along; past credit stays."""
    command = HandOver(caller.area, staff_no, body.to_clerk, body.effective_from, body.reason, caller.subject)
    async with once.transaction() as session:
        handover = await usecases.hand_over(session, command, now=clock.now())
        return once.answer(201, HandoverRead.model_validate(handover))


@router.get("/clerks/{staff_no}/handovers")
async def list_handovers(
    staff_no: StaffNo, here: Here, caller: Reader, page: PageQuery
) -> Page[HandoverRead]:
    """Newest first."""
    async with here.database.reading() as session:
        found = await repository.handovers_page(session, staff_no, caller.area, page)
    return found.map(HandoverRead.model_validate)


@router.get("/handovers/{handover_id}")
async def get_handover(handover_id: UUID, here: Here, caller: Reader) -> HandoverRead:
    async with here.database.reading() as session:
        return HandoverRead.model_validate(await repository.get_handover(session, handover_id, caller.area))


@router.post("/customers/{customer_id}/reassignment", status_code=201, response_model=CustomerRead)
async def reassign_customer(
    customer_id: UUID, body: ReassignmentCreate, once: Once, caller: Writer
) -> Response:
    """One customer goes to another manager at once; whoever sees both halls may move between them."""
    command = ReassignCustomer(caller.area, customer_id, body.clerk, body.reason, caller.subject)
    async with once.transaction() as session:
        customer = await usecases.reassign_customer(session, command, now=clock.now())
        return once.answer(201, CustomerRead.of(customer), etag=customer.version)
