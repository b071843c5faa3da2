"""Clock-driven work of tickets: ringing clocks."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.tickets import usecases
from shared.scheduler import Firing, Job


async def ring_clocks(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.ring_clocks(session, now=firing.now)


JOBS = [Job("ring_clocks", ring_clocks, every=timedelta(seconds=5))]
