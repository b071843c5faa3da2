"""Retention of content and numbers of what was sent (M12)."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.config import MessagingSettings
from services.messaging.messages import usecases
from shared import clock
from shared.scheduler import Firing, Job

CHUNK = 500


def retention_jobs(settings: MessagingSettings) -> list[Job]:
    """The period is a setting; it is five months at least."""

    async def forget_old_content(session: AsyncSession, firing: Firing) -> bool:
        before = clock.months_before(firing.now, settings.messaging_retention_months)
        return await usecases.forget_old_content(session, before, limit=CHUNK)

    return [Job("forget_old_content", forget_old_content, cron="40 3 * * *")]
