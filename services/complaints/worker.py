"""The complaints service's background work: what it hears and what it does by the clock."""

from services.complaints.clocks import handlers as clocks
from services.complaints.clocks import jobs as clock_jobs
from services.complaints.config import ComplaintsSettings
from services.complaints.customers import handlers as customers
from services.complaints.directory import handlers as directory
from services.complaints.diversion import jobs as diversion
from services.complaints.erasure import handlers as erasure
from services.complaints.imports import jobs as imports
from services.complaints.tickets import handlers as tickets
from services.complaints.tickets import jobs as ticket_jobs
from services.complaints.work_orders import handlers as work_orders
from shared.consumer import Handlers, merge
from shared.runtime import Runtime
from shared.scheduler import Job
from shared.security import revocation
from shared.worker import Worker

HANDLERS: Handlers = merge(
    revocation.HANDLERS,
    erasure.HANDLERS,
    directory.HANDLERS,
    customers.HANDLERS,
    clocks.HANDLERS,
    work_orders.HANDLERS,
    tickets.HANDLERS,
)
"""Erasing needs what the projections then forget; then those, so that what follows finds them up to date."""


def jobs(settings: ComplaintsSettings) -> list[Job]:
    return [*ticket_jobs.JOBS, *imports.JOBS, *clock_jobs.JOBS, *diversion.jobs(settings)]


def build_worker(runtime: Runtime) -> Worker:
    return Worker(runtime, handlers=HANDLERS, jobs=jobs(ComplaintsSettings.of(runtime.settings)))
