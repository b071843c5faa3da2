"""The code tables over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from services.complaints.catalogue import repository
from services.complaints.catalogue.schemas import CodeList
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires

router = APIRouter(prefix="/complaints/v1", tags=["catalogue"])

Reader = Annotated[Caller, requires("tickets:read")]


@router.get("/categories")
async def list_categories(here: Here, _caller: Reader) -> CodeList:
    """What a ticket may be about."""
    async with here.database.reading() as session:
        return CodeList.of(await repository.categories(session))


@router.get("/causes")
async def list_causes(here: Here, _caller: Reader) -> CodeList:
    """What a resolution may give as root cause."""
    async with here.database.reading() as session:
        return CodeList.of(await repository.causes(session))


@router.get("/remedies")
async def list_remedies(here: Here, _caller: Reader) -> CodeList:
    """What a resolution may give as remedy."""
    async with here.database.reading() as session:
        return CodeList.of(await repository.remedies(session))
