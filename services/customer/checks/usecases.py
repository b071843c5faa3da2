"""Noting what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive
from services.customer.checks.models import RecordCheck
from services.customer.checks.rules import Checked
from shared import outbox
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """Somebody compared a record with the truth, field by field."""

    area: Area
    customer_id: UUID
    found: Mapping[Checked, bool]
    by: str


async def check_record(session: AsyncSession, command: CheckRecord, *, now: datetime) -> RecordCheck:
    """Raises CustomerNotFound, ChecksOwnRecord."""
    customer = await archive.get_customer(session, command.customer_id, command.area)
    check = RecordCheck.of(customer, command.found, by=command.by, now=now)
    session.add(check)
    outbox.add(session, check.told())
    return check
