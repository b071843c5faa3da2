"""Clock-driven work of clocks: the exceptional days of this year and the next."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.clocks import usecases
from shared.days_off import ChineseCalendar
from shared.scheduler import Firing, Job


async def look_after_calendar(session: AsyncSession, firing: Firing) -> None:
    await usecases.look_after_calendar(session, ChineseCalendar(), now=firing.now)


JOBS = [Job("look_after_calendar", look_after_calendar, cron="30 3 * * *")]
