"""Gathering what every capability holds of one customer, on the record."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services import complaints
from services.complaints.customers import repository as customers
from services.complaints.customers.repository import KnownCustomer
from shared import personal_data
from shared.personal_data import ExportPerson


async def export_person(
    session: AsyncSession, command: ExportPerson, *, now: datetime
) -> tuple[KnownCustomer, dict[str, Any]]:
    """Raises CustomerNotFound, ReasonRequired."""
    customer = await customers.get_customer(session, command.customer_id, command.caller.area)
    return customer, await personal_data.export(session, complaints, customer, command, now=now)
