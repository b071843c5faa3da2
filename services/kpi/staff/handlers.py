"""The directory's events into this service's copy, a batch at a time."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.staff import repository
from shared.consumer import Delivery, Handlers, bulk
from shared.events.customer import ClerkChanged, HallChanged


@bulk
async def keep_halls_on_hall_changed(session: AsyncSession, deliveries: list[Delivery[HallChanged]]) -> None:
    await repository.put_halls(session, [_hall(delivery.event) for delivery in deliveries])


@bulk
async def keep_clerks_on_clerk_changed(
    session: AsyncSession, deliveries: list[Delivery[ClerkChanged]]
) -> None:
    await repository.put_clerks(session, [_clerk(delivery.event) for delivery in deliveries])


def _hall(event: HallChanged) -> dict[str, object]:
    return {
        "code": event.code,
        "name": event.full_name,
        "county": event.county,
        "county_name": event.county_name,
        "effective_from": event.effective_from,
        "effective_to": event.effective_to,
        "version": event.version,
    }


def _clerk(event: ClerkChanged) -> dict[str, object]:
    return {
        "staff_no": event.staff_no,
        "name": event.display_name,
        "hall": event.hall or "",
        "county": event.county or "",
        "role": event.role,
        "effective_from": event.effective_from,
        "effective_to": event.effective_to,
        "version": event.version,
    }


HANDLERS: Handlers = {
    HallChanged: [keep_halls_on_hall_changed],
    ClerkChanged: [keep_clerks_on_clerk_changed],
}
