"""The hall's number in the customer's phone (C2), and the customer's number in the clear (X2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import usecases as access_log
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.archive import repository
from services.customer.archive.errors import (
    RegisteredInTheFuture,
)
from services.customer.archive.models import (
    Customer,
    NumberStored,
)
from services.customer.consent.usecases import CLOCKS_MAY_DIFFER_BY
from services.customer.directory import repository as directory
from shared import outbox
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class StoreNumber:
    """The hall's name and number were put into the customer's phone (C2)."""

    area: Area
    customer_id: UUID
    stored: NumberStored


async def store_number(session: AsyncSession, command: StoreNumber, *, now: datetime) -> Customer:
    """Raises NumberStoredDiffers when it is not the hall's registered name and number."""
    customer = await repository.get_customer(session, command.customer_id, command.area, lock=True)
    if command.stored.at > now + CLOCKS_MAY_DIFFER_BY:
        raise RegisteredInTheFuture
    hall = await directory.get_hall(session, customer.hall)
    outbox.add(session, customer.store_number(command.stored, hall))
    return customer


@dataclass(frozen=True, slots=True)
class RevealPhone:
    """Somebody needs the clear number and says why."""

    area: Area
    customer_id: UUID
    by: str
    role: str
    reason: str


async def reveal_phone(session: AsyncSession, command: RevealPhone, *, now: datetime) -> Customer:
    """Write down who asks, and why; the edge may then open `phone_enc`, once this is committed (X2)."""
    customer = await repository.get_customer(session, command.customer_id, command.area)
    place = customer.hall, customer.county
    look = Look(command.by, command.role, Action.REVEALED, "customer", customer.id, *place, command.reason)
    await access_log.note(session, look, now=now)
    return customer
