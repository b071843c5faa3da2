"""The invariants over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from services.kpi.invariants.schemas import InvariantList, InvariantRead
from services.kpi.invariants.usecases import check_invariants
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/kpi/v1", tags=["invariants"])


@router.get("/invariants")
async def list_invariants(
    here: Here, _caller: Annotated[Caller, requires("invariants:read")]
) -> InvariantList:
    """Checked now, from the facts of all services."""
    async with here.database.reading() as session:
        found = await check_invariants(session)
    items = [InvariantRead.model_validate(invariant) for invariant in found]
    return InvariantList(ok=all(item.ok for item in items), items=items)
