"""Orders follow the archive: matched when the customer is archived, wordless when the customer is erased."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.customers import repository as customers
from services.complaints.work_orders import usecases
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import CustomerPurged, CustomerRegistered, CustomerSnapshot, CustomerUpdated
from shared.security.tenancy import Area


@bulk
async def match_orders_on_snapshot(
    session: AsyncSession, deliveries: list[Delivery[CustomerSnapshot]]
) -> None:
    indexes = {delivery.event.phone_index for delivery in deliveries}
    archived = await customers.by_phones(session, indexes, Area.everything())
    if archived:
        await usecases.match_orders(session, archived, now=deliveries[-1].now)


@bulk
async def erase_on_purged(session: AsyncSession, deliveries: list[Delivery[CustomerPurged]]) -> None:
    await usecases.erase_customers(session, [delivery.event.customer_id for delivery in deliveries])


HANDLERS: Handlers = {
    CustomerRegistered: [match_orders_on_snapshot],
    CustomerUpdated: [match_orders_on_snapshot],
    CustomerPurged: [erase_on_purged],
}
