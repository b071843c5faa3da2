"""The invariants as a page, green and red."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.kpi.invariants.usecases import check_invariants
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render

router = APIRouter(include_in_schema=False)


@router.get("/kpi/invariants")
async def show(
    request: Request, here: Here, _caller: Annotated[Caller, requires("invariants:read")]
) -> Response:
    async with here.database.reading() as session:
        found = await check_invariants(session)
    return render(request, "invariants/list.html", found=found)
