"""Clock-driven work of surveys: end what is over, remind the hall once, draw the month's sample."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.surveys import usecases
from shared.scheduler import Firing, Job


async def expire_survey_invitations(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.expire_invitations(session, now=firing.now)


async def remind_of_surveys(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.remind_halls(session, now=firing.now)


async def draw_periodic_surveys(session: AsyncSession, firing: Firing) -> bool:
    return await usecases.draw_round(session, now=firing.now)


JOBS = [
    Job("expire_survey_invitations", expire_survey_invitations, every=timedelta(minutes=10)),
    Job("remind_of_surveys", remind_of_surveys, cron="0 9 * * *"),
    Job("draw_periodic_surveys", draw_periodic_surveys, cron="30 8 6 * *"),
]
