"""The campaigns that run, and how far each hall and clerk has come."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.customer.directory import repository as directory
from services.customer.sales import repository, usecases
from shared import clock
from shared.pagination import PageRequest
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render

router = APIRouter(include_in_schema=False)
SHOWN = 10


@router.get("/customer/sales-campaigns")
async def campaigns(
    request: Request, here: Here, caller: Annotated[Caller, requires("activations:read")]
) -> Response:
    today = clock.business_date(clock.now())
    async with here.database.reading() as session:
        running = await repository.campaigns_page(
            session, caller.area, PageRequest(limit=SHOWN), running_on=today
        )
        found = [await usecases.progress_of(session, one.id, caller.area) for one in running.items]
        names = await directory.clerk_names(session, {line.clerk for one in found for line in one.lines})
        halls = await directory.halls_page(session, caller.area, PageRequest(limit=200), county=None)
    return render(
        request, "sales/campaigns.html", found=found, names=names, today=today,
        halls={hall.code: hall.name for hall in halls.items},
    )  # fmt: skip
