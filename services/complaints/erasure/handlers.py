"""Runs before the archive's copy is deleted: until then the customers' numbers are known."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.erasure import usecases
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import CustomerPurged


@bulk
async def erase_numbers_on_customer_purged(
    session: AsyncSession, deliveries: list[Delivery[CustomerPurged]]
) -> None:
    await usecases.erase_numbers(session, [delivery.event.customer_id for delivery in deliveries])


HANDLERS: Handlers = {CustomerPurged: [erase_numbers_on_customer_purged]}
"""Before the others' in the worker."""
