"""What the clock does with follow-ups. Every job looks at its tables, so that a crash loses nothing."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.touches import usecases
from shared.scheduler import Firing, Job


async def _open_follow_ups(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.open_follow_ups(session, now=firing.now)


async def _escalate_follow_ups(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.escalate_follow_ups(session, now=firing.now)


async def _align_follow_ups(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.align_follow_ups(session, now=firing.due_at)


JOBS = [
    Job("open_follow_ups", _open_follow_ups, every=timedelta(seconds=2)),
    Job("escalate_follow_ups", _escalate_follow_ups, cron="*/10 * * * *"),
    Job("align_follow_ups", _align_follow_ups, cron="*/10 * * * *"),
]
