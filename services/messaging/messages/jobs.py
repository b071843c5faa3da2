"""Retention of content and numbers."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.messages import usecases
from shared.scheduler import Firing, Job

CHUNK = 500


async def forget_old_content(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.forget_old_content(session, now=firing.now, limit=CHUNK)


JOBS = [Job("forget_old_content", forget_old_content, cron="40 3 * * *")]
