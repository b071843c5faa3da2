"""What the directory does by the clock, and what an operator may ask it to say again."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.directory import usecases
from shared.resync import Resync
from shared.scheduler import Firing, Job


async def take_up_posts(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.take_up_posts(session, now=firing.now)


JOBS = [Job("take_up_posts", take_up_posts, cron="1 0 * * *")]
RESYNCS = [Resync("directory", usecases.resync_directory)]
