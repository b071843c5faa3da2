"""Clock-driven work: every morning the contracts that are to be remembered."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.contracts import usecases
from shared.scheduler import Firing, Job


async def remind_of_contracts(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.remind_of_contracts(session, now=firing.now)


JOBS = [Job("remind_of_contracts", remind_of_contracts, cron="20 6 * * *")]
