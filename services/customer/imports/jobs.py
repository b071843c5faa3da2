"""Clock-driven work of imports: working through the sheets taken in, forgetting old reports."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.imports import usecases
from shared.scheduler import Firing, Job


async def work_on_imports(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.work_on_imports(session, now=firing.now)


async def forget_old_imports(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.forget_old_imports(session, now=firing.now)


JOBS = [
    Job("work_on_imports", work_on_imports, every=timedelta(seconds=1)),
    Job("forget_old_imports", forget_old_imports, cron="41 * * * *"),
]
