"""The directory follows the customer service's."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.directory import repository
from services.complaints.directory.models import Clerk, Hall
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import ClerkChanged, HallChanged


@bulk
async def keep_halls_on_hall_changed(session: AsyncSession, deliveries: list[Delivery[HallChanged]]) -> None:
    await repository.keep_halls(session, [Hall.told(delivery.event) for delivery in deliveries])


@bulk
async def keep_clerks_on_clerk_changed(
    session: AsyncSession, deliveries: list[Delivery[ClerkChanged]]
) -> None:
    await repository.keep_clerks(session, [Clerk.told(delivery.event) for delivery in deliveries])


HANDLERS: Handlers = {HallChanged: [keep_halls_on_hall_changed], ClerkChanged: [keep_clerks_on_clerk_changed]}
