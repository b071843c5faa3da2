"""Activations over HTTP: record with evidence, list, get."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.customer.activations import repository, usecases
from services.customer.activations.repository import Filters
from services.customer.activations.schemas import ActivationCreate, ActivationRead
from services.customer.activations.usecases import RecordActivation
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["activations"])

Reader = Annotated[Caller, requires("activations:read")]
Writer = Annotated[Caller, requires("activations:write")]


@router.post("/activations", status_code=201, response_model=ActivationRead)
async def record_activation(body: ActivationCreate, once: Once, caller: Writer) -> Response:
    """A product opened at the customer's word, never without evidence of it. The customer gets an SMS about it."""
    now = clock.now()
    command = RecordActivation(
        caller.area, body.customer_id, body.product, body.amount_fen, body.evidence.value() if body.evidence else None,
        sold_by=body.clerk or caller.subject, recorded_by=caller.subject, occurred_at=body.occurred_at or now,
        recommendation_id=body.recommendation_id,
    )  # fmt: skip
    async with once.transaction() as session:
        activation = await usecases.record_activation(session, command, now=now)
        return once.answer(201, ActivationRead.of(activation), etag=activation.version)


@router.get("/activations")
async def list_activations(
    here: Here,
    caller: Reader,
    page: PageQuery,
    customer_id: UUID | None = None,
    product: Annotated[str | None, Query(max_length=40)] = None,
    clerk: Annotated[str | None, Query(max_length=40)] = None,
    hall: Annotated[str | None, Query(max_length=20)] = None,
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
) -> Page[ActivationRead]:
    """Newest first; `clerk` is who sold."""
    filters = Filters(customer_id, product, clerk, hall, since, until)
    async with here.database.reading() as session:
        found = await repository.activations_page(session, caller.area, filters, page)
    return found.map(ActivationRead.of)


@router.get("/activations/{activation_id}")
async def get_activation(
    activation_id: UUID, here: Here, caller: Reader, response: Response
) -> ActivationRead:
    async with here.database.reading() as session:
        activation = await repository.get_activation(session, activation_id, caller.area)
    response.headers["ETag"] = etag(activation.version)
    return ActivationRead.of(activation)
