"""What is left of an import: the refused lines while they are needed, and nothing after ninety days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access_log import usecases as access_log
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.imports import repository
from services.customer.imports.models import ImportJob
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
    reason = "更正导入时被退回的行"
    look = Look(
        command.by, command.role, Action.REJECTED_FETCHED, "import", job.id, job.hall, job.county, reason
    )
    await access_log.note(session, look, now=now)
    return job


async def forget_old_imports(session: AsyncSession, *, now: datetime) -> bool:
    """Reports are kept 90 days; True while there is more to forget."""
    return await repository.delete_one_old_job(session, now - KEPT, now - UPLOAD_BREAKS_OFF_AFTER)
