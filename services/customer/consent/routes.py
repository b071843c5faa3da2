"""The consent wordings over HTTP. A customer's own ledger is reached through the customer, see `archive.routes`."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.customer.consent import repository, usecases
from services.customer.consent.schemas import WordingCreate, WordingList, WordingRead
from services.customer.consent.usecases import PublishWording
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, requires

router = APIRouter(prefix="/customer/v1", tags=["consent"])


@router.get("/consent-wordings")
async def list_wordings(here: Here, _caller: Annotated[Caller, requires("consents:read")]) -> WordingList:
    """The words a clerk reads aloud, all versions: a consent refers to the one that was read."""
    async with here.database.reading() as session:
        wordings = await repository.wordings(session)
        current = await repository.wording_on(session, clock.business_date(clock.now()))
    items = [WordingRead.model_validate(wording) for wording in wordings]
    return WordingList(current=current.version, items=items)


@router.post("/consent-wordings", status_code=201, response_model=WordingRead)
async def publish_wording(
    body: WordingCreate, once: Once, caller: Annotated[Caller, requires("wordings:write")]
) -> Response:
    """Other words from a day on. A version is never changed, since consents refer to it."""
    command = PublishWording(**body.model_dump(), by=caller.subject)
    async with once.transaction() as session:
        wording = await usecases.publish_wording(session, command, now=clock.now())
        return once.answer(201, WordingRead.model_validate(wording))
