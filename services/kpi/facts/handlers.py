"""Every event that counts, into facts: one handler for all of them, written a batch at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.facts import repository
from services.kpi.facts.rules import recording
from shared.consumer import Delivery, Handlers, bulk


@bulk
async def record_facts_on_events(session: AsyncSession, deliveries: Sequence[Delivery[Any]]) -> None:
    rows = [
        row
        for delivery in deliveries
        for row in recording.rows_of(delivery.event, delivery.envelope.id, delivery.now)
    ]
    await repository.append(session, rows)


HANDLERS: Handlers = {event: [record_facts_on_events] for event in recording.FACTS}
