"""Orders over HTTP: read only; files and tickets bring them."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.complaints.work_orders import repository
from services.complaints.work_orders.repository import OrderFilter
from services.complaints.work_orders.schemas import Moment, WorkOrderRead
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, PageQuery, requires

router = APIRouter(prefix="/complaints/v1", tags=["work orders"])

Reader = Annotated[Caller, requires("work_orders:read")]


class OrderQuery(BaseModel):
    """Filters; `unmatched` lists the orders of callers whom nobody has archived."""

    unmatched: bool | None = None
    hall: str | None = None
    status: str | None = None
    source: str | None = None
    number: str | None = None
    received_from: Moment | None = None
    received_to: Moment | None = None


@router.get("/work-orders")
async def list_orders(
    here: Here, caller: Reader, page: PageQuery, query: Annotated[OrderQuery, Query()]
) -> Page[WorkOrderRead]:
    """Newest first."""
    async with here.database.reading() as session:
        wanted = OrderFilter(**query.model_dump())
        found = await repository.orders_page(session, caller.area, wanted, page)
    return found.map(WorkOrderRead.model_validate)
