"""The consent wordings over HTTP. A customer's own ledger is reached through the customer, see `archive.routes`."""

from typing import Annotated

from fastapi import APIRouter

from services.customer.consent import repository
from services.customer.consent.schemas import WordingList, WordingRead
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/customer/v1", tags=["consent"])


@router.get("/consent-wordings")
async def list_wordings(here: Here, _caller: Annotated[Caller, requires("consents:read")]) -> WordingList:
    """The words a clerk reads aloud, all versions: a consent refers to the one that was read."""
    async with here.database.reading() as session:
        wordings = await repository.wordings(session)
        current = await repository.wording_on(session, clock.business_date(clock.now()))
    items = [WordingRead.model_validate(wording) for wording in wordings]
    return WordingList(current=current.version, items=items)
