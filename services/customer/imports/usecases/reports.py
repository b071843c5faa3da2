"""What is left of an import: the refused lines while they are needed, and nothing after ninety days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.archive.models import AccessLogEntry
from services.customer.imports import repository
from services.customer.imports.models import ImportJob
from shared import ids
from shared.security.tenancy import Area

KEPT = timedelta(days=90)
UPLOAD_BREAKS_OFF_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class FetchRejected:
    """Somebody fetches the lines that were refused, numbers included."""

    area: Area
    job_id: UUID
    by: str
    role: str


async def fetch_rejected(session: AsyncSession, command: FetchRejected, *, now: datetime) -> ImportJob:
    """Write down who takes the numbers away again; the edge may then open them (X2)."""
    job = await repository.get_job(session, command.job_id, command.area)
    entry = AccessLogEntry(
        id=ids.uuid7(),
        at=now,
        actor=command.by,
        role=command.role,
        action="rejected-rows-fetched",
        subject_id=job.id,
        hall=job.hall,
        county=job.county,
        reason="更正导入时被退回的行",
    )
    await archive_records.add_access(session, entry)
    return job


async def forget_old_imports(session: AsyncSession, *, now: datetime) -> bool:
    """Reports are kept 90 days; True while there is more to forget."""
    return await repository.delete_one_old_job(session, now - KEPT, now - UPLOAD_BREAKS_OFF_AFTER)
