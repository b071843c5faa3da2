"""Clock-driven work of access: forgetting old failures; users follow the directory."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.access import usecases
from shared.scheduler import Firing, Job


async def forget_old_failures(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.forget_old_failures(session, now=firing.now)


async def let_users_follow(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.follow_directory(session, now=firing.now)


JOBS = [
    Job("forget_old_failures", forget_old_failures, every=timedelta(hours=1)),
    Job("let_users_follow", let_users_follow, every=timedelta(minutes=1)),
]
