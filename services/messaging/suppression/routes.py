"""The suppression list over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.messaging.suppression import repository, usecases
from services.messaging.suppression.models import REASONS, NumberRule
from services.messaging.suppression.schemas import (
    NumberRuleEntry,
    NumberRules,
    SuppressionCreate,
    SuppressionLift,
    SuppressionRead,
)
from services.messaging.suppression.usecases import AddSuppression
from shared import clock
from shared.pagination import Page
from shared.phones import PhoneBook
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/messaging/v1/suppressions", tags=["suppressions"])
numbers_router = APIRouter(prefix="/messaging/v1", tags=["suppressions"])

Reader = Annotated[Caller, requires("messages:read")]
Writer = Annotated[Caller, requires("suppressions:write")]
ClerkQuery = Annotated[str | None, Query(max_length=64, description="工号")]
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


@numbers_router.get("/number-tasks")
async def list_number_tasks(
    here: Here, caller: Reader, page: PageQuery, clerk: ClerkQuery = None
) -> Page[SuppressionRead]:
    """Customers' numbers that nothing reaches any more, for the clerk to ask about; a corrected one is off the list."""
    async with here.database.reading() as session:
        found = await repository.number_tasks_page(session, caller.area, page, clerk=clerk)
    return found.map(SuppressionRead.model_validate)


@numbers_router.post("/number-tasks/{suppression_id}/confirmation", response_model=SuppressionRead)
async def confirm_number(
    suppression_id: UUID,
    body: SuppressionLift,
    once: Once,
    caller: Annotated[Caller, requires("messages:write")],
) -> Response:
    """The number is right after all: it is written to again."""
    async with once.transaction() as session:
        entry = await usecases.confirm_number(
            session, suppression_id, caller.area, caller.subject, body.reason, now=clock.now()
        )
        return once.answer(200, SuppressionRead.model_validate(entry))


@numbers_router.get("/number-rules")
async def list_number_rules(here: Here, _caller: Reader) -> NumberRules:
    async with here.database.reading() as session:
        limits = await repository.number_rules(session)
    return NumberRules(items=[NumberRuleEntry.model_validate(limits[name]) for name in sorted(limits)])


@numbers_router.put("/number-rules")
async def replace_number_rules(
    body: NumberRules, here: Here, _caller: Annotated[Caller, requires("gateways:write")]
) -> NumberRules:
    """Replace the whole table; numbers kept back already stay so."""
    async with here.database.transaction() as session:
        await repository.replace_number_rules(
            session, [NumberRule(**each.model_dump()) for each in body.items]
        )
    return body
