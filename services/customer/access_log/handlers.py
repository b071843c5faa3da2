"""What other services say of looks at people: one log for the whole house."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import usecases
from services.customer.access_log.rules import SERVICES, Action
from services.customer.access_log.usecases import Look
from shared.consumer import Delivery, Handlers
from shared.events.messaging import PersonalDataExported
from shared.personal_data import REASONS, Reason


async def note_export_on_personal_data_exported(
    session: AsyncSession, delivery: Delivery[PersonalDataExported]
) -> None:
    event = delivery.event
    reason = REASONS[Reason(event.reason)] if event.reason in set(Reason) else event.reason
    look = Look(
        event.exported_by, event.role, Action.PERSON_EXPORTED, "customer", event.customer_id, event.hall,
        event.county, f"{SERVICES.get(event.service, event.service)}：{reason}",
    )  # fmt: skip
    await usecases.note(session, look, now=event.occurred_at)


HANDLERS: Handlers = {PersonalDataExported: [note_export_on_personal_data_exported]}
