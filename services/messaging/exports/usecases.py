"""Gathering what every capability holds of one customer, on the record."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services import messaging
from services.messaging.audience import repository as audience
from services.messaging.audience.models import Customer
from shared import personal_data
from shared.personal_data import ExportPerson


async def export_person(
    session: AsyncSession, command: ExportPerson, *, now: datetime
) -> tuple[Customer, dict[str, Any]]:
    """Raises CustomerNotFound, ReasonRequired."""
    customer = await audience.get_customer(session, command.customer_id, command.caller.area)
    return customer, await personal_data.export(session, messaging, customer, command, now=now)
