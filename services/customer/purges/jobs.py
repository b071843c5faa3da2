"""Clock-driven work: lists and cleanings in hand, who withdrew, the rehearsal on the first of the month."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.purges import usecases
from shared.scheduler import Firing, Job


async def work_on_off_net_lists(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.work_on_lists(session, now=firing.now)


async def work_on_purges(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.work_on_purges(session, now=firing.now)


async def erase_who_withdrew(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.erase_who_withdrew(session, now=firing.now)


async def prepare_cleaning(session: AsyncSession, firing: Firing) -> None:
    await usecases.prepare_cleaning(session, now=firing.now)


async def forget_old_lists(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.forget_old_lists(session, now=firing.now)


JOBS = [
    Job("work_on_off_net_lists", work_on_off_net_lists, every=timedelta(seconds=1)),
    Job("work_on_purges", work_on_purges, every=timedelta(seconds=1)),
    Job("erase_who_withdrew", erase_who_withdrew, every=timedelta(seconds=2)),
    Job("prepare_cleaning", prepare_cleaning, cron="30 5 1 * *"),
    Job("forget_old_off_net_lists", forget_old_lists, cron="47 * * * *"),
]
