"""Retention of what customers agreed to: to the end of the relation, and some months more (M12)."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import usecases
from services.messaging.config import MessagingSettings
from shared.scheduler import Firing, Job

CHUNK = 500


def retention_jobs(settings: MessagingSettings) -> list[Job]:
    """The period after the end is a setting; it is five months at least."""

    async def forget_old_consents(session: AsyncSession, firing: Firing) -> bool:
        months = settings.messaging_consent_retention_months
        return await usecases.forget_consents(session, now=firing.now, months=months, limit=CHUNK)

    return [Job("forget_old_consents", forget_old_consents, cron="50 3 * * *")]
