"""Opening hours of the directory become hours of business."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.clocks import usecases
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import HallChanged


@bulk
async def follow_hours_on_hall_changed(
    session: AsyncSession, deliveries: list[Delivery[HallChanged]]
) -> None:
    newest: dict[str, HallChanged] = {}
    for delivery in deliveries:
        known = newest.get(delivery.event.code)
        if known is None or known.version < delivery.event.version:
            newest[delivery.event.code] = delivery.event
    opening = {code: [part.model_dump(mode="json") for part in e.opening_hours] for code, e in newest.items()}
    await usecases.follow_opening_hours(session, opening, now=deliveries[-1].now)


HANDLERS: Handlers = {HallChanged: [follow_hours_on_hall_changed]}
