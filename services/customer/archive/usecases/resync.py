"""Saying every customer again, for a new or repaired consumer."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository
from shared import clock, outbox

CHUNK = 500


async def say_customers_again(session: AsyncSession, after: str | None) -> str | None:
    """One chunk of every customer's present state, for a new or repaired consumer; the cursor of the next one."""
    cursor = UUID(after) if after else None
    customers = await repository.customers_after(session, cursor, CHUNK)
    consents = await repository.consents_of(session, *(customer.id for customer in customers))
    outbox.add(session, *(c.updated(consents[c.id], clock.now()) for c in customers))
    return str(customers[-1].id) if len(customers) == CHUNK else None
