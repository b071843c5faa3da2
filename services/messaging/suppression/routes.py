"""The suppression list over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.messaging.suppression import repository, usecases
from services.messaging.suppression.models import REASONS
from services.messaging.suppression.schemas import SuppressionCreate, SuppressionLift, SuppressionRead
from services.messaging.suppression.usecases import AddSuppression
from shared import clock
from shared.pagination import Page
from shared.phones import PhoneBook
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/messaging/v1/suppressions", tags=["suppressions"])

Reader = Annotated[Caller, requires("messages:read")]
Writer = Annotated[Caller, requires("suppressions:write")]
ReasonQuery = Annotated[str | None, Query(pattern=f"^({'|'.join(REASONS)})$")]


def command_of(body: SuppressionCreate, phones: PhoneBook, caller: Caller) -> AddSuppression:
    """The command that a body asks for, its number sealed; pages make theirs the same way."""
    return AddSuppression(
        area=caller.area, by=caller.subject, reason=body.reason, note=body.note, customer_id=body.customer_id,
        phone=phones.seal(body.phone) if body.phone is not None else None,
    )  # fmt: skip


@router.get("")
async def list_suppressions(
    here: Here, caller: Reader, page: PageQuery, reason: ReasonQuery = None, lifted: bool = False
) -> Page[SuppressionRead]:
    """What is in force, newest first; with `lifted=true` what was lifted."""
    async with here.database.reading() as session:
        found = await repository.suppressions_page(session, caller.area, page, reason=reason, lifted=lifted)
    return found.map(SuppressionRead.model_validate)


@router.post("", status_code=201, response_model=SuppressionRead)
async def add_suppression(body: SuppressionCreate, here: Here, once: Once, caller: Writer) -> Response:
    """From now on nothing leaves for the number, or nothing but answers to what its owner does."""
    command = command_of(body, here.phones, caller)
    async with once.transaction() as session:
        entry = await usecases.add_suppression(session, command, now=clock.now())
        return once.answer(201, SuppressionRead.model_validate(entry))


@router.get("/{suppression_id}")
async def get_suppression(suppression_id: UUID, here: Here, caller: Reader) -> SuppressionRead:
    async with here.database.reading() as session:
        entry = await repository.get_suppression(session, suppression_id, caller.area)
    return SuppressionRead.model_validate(entry)


@router.post("/{suppression_id}/lift", response_model=SuppressionRead)
async def lift_suppression(
    suppression_id: UUID, body: SuppressionLift, once: Once, caller: Writer
) -> Response:
    """Never for an opt-out: that is the customer's to take back."""
    async with once.transaction() as session:
        entry = await usecases.lift_suppression(
            session, suppression_id, caller.area, caller.subject, body.reason, now=clock.now()
        )
        return once.answer(200, SuppressionRead.model_validate(entry))
