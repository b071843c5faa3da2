"""Loading the calendar every night, and the gauge of years nobody has loaded."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.calendar import repository, usecases
from services.messaging.calendar.gateways.borax import Festivals
from services.messaging.calendar.gateways.chinesecalendar import NoticedDays
from shared import clock
from shared.runtime import Runtime
from shared.scheduler import Firing, Job, Loop

CALENDAR = "calendar"
EVERY = 600.0


async def look_after_calendar(session: AsyncSession, firing: Firing) -> None:
    await usecases.look_after_calendar(session, NoticedDays(), Festivals(), now=firing.now)


async def measure_missing_years(runtime: Runtime, stop: asyncio.Event) -> None:
    """Feed the gauge of years that go by the weekday."""
    gauge = runtime.metrics.calendar_years_missing.labels(runtime.service)
    bell = runtime.database.bell(CALENDAR)
    try:
        while not stop.is_set():
            async with runtime.database.reading() as session:
                known = await repository.years(session)
            gauge.set(len(usecases.missing(known, clock.business_date(clock.now()))))
            await bell.wait(EVERY, stop)
    finally:
        bell.close()


JOBS = [Job("look_after_calendar", look_after_calendar, every=timedelta(hours=6))]
LOOPS = [Loop("calendar_gauge", measure_missing_years)]
