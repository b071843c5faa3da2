"""Clock-driven work of imports: applying rows, and forgetting reports after ninety days."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.imports import usecases
from shared.scheduler import Firing, Job


async def apply_work_orders(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.apply_rows(session, now=firing.now)


async def forget_old_imports(session: AsyncSession, firing: Firing) -> None:
    await usecases.forget_old_imports(session, now=firing.now)


JOBS = [
    Job("apply_work_orders", apply_work_orders, every=timedelta(seconds=1)),
    Job("forget_old_imports", forget_old_imports, cron="43 3 * * *"),
]
