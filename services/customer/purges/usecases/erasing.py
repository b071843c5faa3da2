"""Taking people's identity out of this service; the others do the same when they hear `customer.purged`.

Kept, since the law asks for it, and pseudonymous from then on: the ledger of consents and the access log.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import usecases as access_log
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.activations import repository as activations
from services.customer.archive import repository as archive
from services.customer.archive.models import Customer
from services.customer.confirmations import repository as confirmations
from services.customer.contracts import repository as contracts
from services.customer.imports import repository as imports
from services.customer.purges import repository
from services.customer.recommendations import repository as recommendations
from services.customer.scripts import repository as scripts
from services.customer.surveys import repository as surveys
from services.customer.touches import repository as touches
from shared import erasure, outbox
from shared.errors import VersionCheck
from shared.security.tenancy import Area

CHUNK = 200
Eraser = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]

ERASERS: tuple[Eraser, ...] = (
    repository.erase_customers,
    imports.erase_customers,
    contracts.erase_customers,
    activations.erase_customers,
    recommendations.erase_customers,
    touches.erase_customers,
    scripts.erase_customers,
    surveys.erase_customers,
    confirmations.erase_customers,
    archive.erase_customers,
)
"""One for each capability that keeps something about people, run while the customers' rows still have the number."""


async def erase(
    session: AsyncSession,
    customers: Sequence[Customer],
    *,
    reason: str,
    month: str | None = None,
    now: datetime,
) -> None:
    """Erase these loaded and locked customers and say so; whoever is erased already is not among them."""
    gone = [customer.id for customer in customers]
    if not gone:
        return
    for eraser in ERASERS:
        await eraser(session, gone)
    outbox.add(session, *(customer.erase(reason=reason, month=month, now=now) for customer in customers))
    await erasure.erase(session, gone)


@dataclass(frozen=True, slots=True)
class EraseCustomer:
    """Somebody asks that nothing be kept about them any more."""

    area: Area
    customer_id: UUID
    by: str
    role: str
    reason: str


async def erase_customer(
    session: AsyncSession, command: EraseCustomer, *, unless_stale: VersionCheck, now: datetime
) -> None:
    """Erase at once, on the record of who saw to it. Once done, asking again changes nothing."""
    customer = await archive.customer_even_erased(session, command.customer_id, command.area)
    if customer.status == "erased":
        return
    unless_stale(customer.version)
    await access_log.note(session, _look(command, customer), now=now)
    await erase(session, [customer], reason="erasure_request", now=now)


async def erase_who_withdrew(session: AsyncSession, *, now: datetime) -> bool:
    """Whoever withdrew the consent to be archived; True while there may be more."""
    customers = await repository.withdrawn(session, CHUNK)
    await erase(session, customers, reason="consent_withdrawn", now=now)
    return len(customers) == CHUNK


def _look(command: EraseCustomer, customer: Customer) -> Look:
    place = customer.hall, customer.county
    return Look(command.by, command.role, Action.ERASED, "customer", customer.id, *place, command.reason)
