"""Gathering what every capability holds of one customer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

import services.customer
from services.customer.access_log import usecases as looks
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from shared.personal_data import ReasonRequired, gather, tellers_in
from shared.security.tenancy import Area


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
    return customer, await gather(session, tellers_in(services.customer), customer.id)
