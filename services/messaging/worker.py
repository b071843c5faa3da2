"""The messaging service's background work."""

from typing import cast

from services.messaging.analysis import handlers as analysis
from services.messaging.audience import handlers as audience
from services.messaging.audience import jobs as audience_jobs
from services.messaging.calendar import jobs as calendar
from services.messaging.campaigns import jobs as campaigns
from services.messaging.config import MessagingSettings
from services.messaging.dispatch import jobs as dispatch
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.erasure import handlers as erasure
from services.messaging.inbound import jobs as inbound
from services.messaging.messages import jobs as messages
from services.messaging.planning import handlers as planning
from services.messaging.planning import jobs as planning_jobs
from services.messaging.plans import jobs as plans
from services.messaging.receipts import jobs as receipts
from shared.consumer import merge
from shared.runtime import Runtime
from shared.scheduler import Job
from shared.security import revocation
from shared.worker import Worker


def build_worker(runtime: Runtime) -> Worker:
    """Erasing needs what the audience then forgets; the audience takes an event over before planning acts on it.

    Raises SettingsError for a gateway.
    """
    open_gateways(runtime)
    return Worker(
        runtime,
        handlers=merge(
            revocation.HANDLERS, erasure.HANDLERS, audience.HANDLERS, planning.HANDLERS, analysis.HANDLERS
        ),
        jobs=[
            *planning_jobs.JOBS,
            *calendar.JOBS,
            *plans.JOBS,
            *dispatch.JOBS,
            *receipts.JOBS,
            *_retention(cast("MessagingSettings", runtime.settings)),
        ],
        loops=[
            *(*planning_jobs.LOOPS, *calendar.LOOPS, *dispatch.LOOPS),
            *(*receipts.LOOPS, *inbound.LOOPS, *campaigns.LOOPS),
        ],
    )


def _retention(settings: MessagingSettings) -> list[Job]:
    rooms = (audience_jobs, messages, inbound)
    return [job for room in rooms for job in room.retention_jobs(settings)]
