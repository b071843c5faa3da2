"""Rating by the clock: the job looks every ten minutes what is open or due, so that no crash leaves a run half done."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.tiers import usecases
from shared.scheduler import Firing, Job


async def _rate_customers(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.rate_customers(session, now=firing.due_at)


JOBS = [Job("rate_customers", _rate_customers, cron="*/10 * * * *")]
