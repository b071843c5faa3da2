"""Hand-overs whose day has come are carried out soon after midnight."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.handovers import usecases
from shared.scheduler import Firing, Job


async def _carry_out_handovers(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.carry_out_handovers(session, now=firing.due_at)


JOBS = [Job("carry_out_handovers", _carry_out_handovers, cron="*/10 * * * *")]
