"""What the analysis hears."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.analysis import repository
from shared.consumer import Delivery, Handlers, bulk
from shared.events.complaints import ComplaintOpened


@bulk
async def note_complaint_on_complaint_opened(
    session: AsyncSession, batch: Sequence[Delivery[ComplaintOpened]]
) -> None:
    await repository.note_complaints(session, [d.event for d in batch])


HANDLERS: Handlers = {ComplaintOpened: [note_complaint_on_complaint_opened]}
