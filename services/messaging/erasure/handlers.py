"""Runs before the audience takes the purge over: until then the customers' numbers are known."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.erasure import usecases
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import CustomerPurged


@bulk
async def erase_on_customer_purged(session: AsyncSession, deliveries: list[Delivery[CustomerPurged]]) -> None:
    ids = [delivery.event.customer_id for delivery in deliveries]
    await usecases.erase_customers(session, ids, now=deliveries[0].now)


HANDLERS: Handlers = {CustomerPurged: [erase_on_customer_purged]}
"""Before the others' in the worker."""
