"""Gathering what every capability holds of one customer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import repository as access_log
from services.customer.access_log import usecases as looks
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.activations import repository as activations
from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from services.customer.confirmations import repository as confirmations
from services.customer.consent import repository as consent
from services.customer.imports import repository as imports
from services.customer.purges import repository as purges
from services.customer.recommendations import repository as recommendations
from services.customer.scripts import repository as scripts
from services.customer.surveys import repository as surveys
from services.customer.tiers import repository as tiers
from services.customer.touches import repository as touches
from shared.personal_data import ReasonRequired, Teller, gather
from shared.security.tenancy import Area

TELLERS: tuple[Teller, ...] = (
    archive.everything_about,
    consent.everything_about,
    confirmations.everything_about,
    tiers.everything_about,
    scripts.everything_about,
    touches.everything_about,
    surveys.everything_about,
    recommendations.everything_about,
    activations.everything_about,
    imports.everything_about,
    purges.everything_about,
    access_log.everything_about,
)
"""One for each capability that keeps something about people; `tests/customer/exports` knows which must be here."""


@dataclass(frozen=True, slots=True)
class ExportPerson:
    """Somebody puts together all there is about a customer, and says why."""

    area: Area
    customer_id: UUID
    by: str
    role: str
    reason: str | None


async def export_person(
    session: AsyncSession, command: ExportPerson, *, now: datetime
) -> tuple[Customer, dict[str, Any]]:
    """Raises CustomerNotFound, ReasonRequired. The log's line is written first, so that the export shows itself."""
    customer = await archive.get_customer(session, command.customer_id, command.area)
    if command.reason is None:
        raise ReasonRequired
    place = customer.hall, customer.county
    look = Look(
        command.by, command.role, Action.PERSON_EXPORTED, "customer", customer.id, *place, command.reason
    )
    await looks.note(session, look, now=now)
    return customer, await gather(session, TELLERS, customer.id)
