"""Drafting greetings, laying approved plans out, giving customers their turns, and dropping old turns."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.plans.usecases import carry_out
from shared.scheduler import Firing, Job

CHUNK = 500
OLD_CHUNK = 5000


async def draft_greetings(session: AsyncSession, firing: Firing) -> None:
    await carry_out.draft_greetings(session, now=firing.now)


async def lay_out_plans(session: AsyncSession, firing: Firing) -> bool:
    return await carry_out.lay_out_next(session, now=firing.now)


async def give_turns(session: AsyncSession, firing: Firing) -> bool:
    return await carry_out.give_turns(session, now=firing.now, limit=CHUNK)


async def drop_old_turns(session: AsyncSession, firing: Firing) -> bool:
    return await carry_out.drop_old_entries(session, now=firing.now, limit=OLD_CHUNK)


JOBS = [
    Job("draft_greetings", draft_greetings, cron="15 4 * * *"),
    Job("lay_out_plans", lay_out_plans, every=timedelta(minutes=1)),
    Job("give_turns", give_turns, every=timedelta(minutes=1)),
    Job("drop_old_turns", drop_old_turns, cron="50 4 * * *"),
]
