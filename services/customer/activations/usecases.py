"""Recording what was opened at the customer's word, and hearing that it was not."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.activations import repository
from services.customer.activations.errors import (
    ActivatedInTheFuture,
    ActivationInvalid,
    EvidenceRequired,
    EvidenceUsed,
)
from services.customer.activations.models import Activation
from services.customer.archive import repository as archive
from services.customer.archive.errors import CustomerNotFound
from services.customer.archive.models import Customer
from services.customer.consent.rules import Evidence
from services.customer.consent.usecases import CLOCKS_MAY_DIFFER_BY
from services.customer.directory import repository as directory
from services.customer.products import repository as products
from services.customer.products.models import Product
from services.customer.recommendations import usecases as recommendations
from services.customer.recommendations.usecases import LinkActivation
from shared import clock, ids, outbox
from shared.errors import FieldError
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()


@dataclass(frozen=True, slots=True)
class RecordActivation:
    """A product was opened for a customer who agreed; `sold_by` is credited with it."""

    area: Area
    customer_id: UUID
    product: str
    amount_fen: int
    evidence: Evidence | None
    sold_by: str
    recorded_by: str
    occurred_at: datetime
    recommendation_id: UUID | None = None


async def record_activation(session: AsyncSession, command: RecordActivation, *, now: datetime) -> Activation:
    """Raises EvidenceRequired before anything else (C11), then CustomerNotFound, ActivatedInTheFuture,
    ActivationInvalid, EvidenceUsed, and for a recommendation that is named what `link_activation` raises.
    """
    if command.evidence is None:
        raise EvidenceRequired
    customer = await archive.get_customer(session, command.customer_id, command.area)
    if customer.status != "active":
        raise CustomerNotFound
    if command.occurred_at > now + CLOCKS_MAY_DIFFER_BY:
        raise ActivatedInTheFuture
    product = await _checked(session, command, customer, now)
    activation = _activation_of(command, command.evidence, customer, product, now)
    if await repository.id_with_evidence(session, activation) is None:
        activation.recommendation_id = await _ended_by(session, command, activation, now)
    if not await repository.add_activation(session, activation):
        raise EvidenceUsed(existing_id=await repository.id_with_evidence(session, activation))
    archive.put_offers(session, [activation.standing(now)])
    outbox.add(session, activation.activated())
    return activation


async def deny_activation(session: AsyncSession, activation_id: UUID, *, at: datetime, now: datetime) -> None:
    """The customer answered "not me". The same answer again, or one about an unknown activation, changes nothing."""
    activation = await repository.activation_or_none(session, activation_id, lock=True)
    if activation is not None and activation.deny(at):
        await session.flush()
        archive.put_offers(session, [activation.standing(now)])


async def _checked(
    session: AsyncSession, command: RecordActivation, customer: Customer, now: datetime
) -> Product:
    wrong, product = [], await products.product_or_none(session, command.product)
    if product is None:
        wrong.append(FieldError("/product", "product-unknown", "没有这个业务代码，请核对。"))
    day = clock.business_date(now)
    counter = await directory.get_counter(session, customer.hall, command.sold_by, EVERYWHERE, day)
    if not counter.clerk_works_here:
        wrong.append(FieldError("/clerk", "clerk-unknown", "该营业厅没有这个工号的在岗营业员，请核对。"))
    if wrong or product is None:
        raise ActivationInvalid(errors=wrong)
    return product


def _activation_of(
    command: RecordActivation, evidence: Evidence, customer: Customer, product: Product, now: datetime
) -> Activation:
    return Activation(
        id=ids.uuid7(),
        customer_id=customer.id,
        hall=customer.hall,
        county=customer.county,
        clerk=customer.clerk,
        sold_by=command.sold_by,
        product=product.code,
        product_title=product.name,
        amount_fen=command.amount_fen,
        evidence_kind=evidence.kind,
        evidence_reference=evidence.reference,
        day=clock.business_date(command.occurred_at),
        occurred_at=command.occurred_at,
        recorded_at=now,
        recorded_by=command.recorded_by,
    )


async def _ended_by(
    session: AsyncSession, command: RecordActivation, activation: Activation, now: datetime
) -> UUID | None:
    """The recommendation that ends with this activation."""
    link = LinkActivation(
        command.area, activation.id, activation.customer_id, activation.product, command.sold_by,
        command.recommendation_id,
    )  # fmt: skip
    return await recommendations.link_activation(session, link, now=now)
