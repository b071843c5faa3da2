"""Clock-driven measuring: every night this month and the one before, whose last orders may still be coming in."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints.config import ComplaintsSettings
from services.complaints.diversion import usecases
from services.complaints.diversion.usecases import MeasureDiversion
from shared import clock
from shared.scheduler import Firing, Job
from shared.security.tenancy import Area


def jobs(settings: ComplaintsSettings) -> list[Job]:
    """The jobs, with the window they measure by."""

    async def measure_diversion(session: AsyncSession, firing: Firing) -> None:
        month = clock.month_of(firing.now)
        for measured in (clock.previous_month(month), month):
            command = MeasureDiversion(Area.everything(), measured, settings.diversion_window_days)
            await usecases.measure_diversion(session, command, now=firing.now)

    return [Job("measure_diversion", measure_diversion, cron="10 2 * * *")]
