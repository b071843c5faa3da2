"""The customer service's background work: what it hears, what it does by the clock, what it can say again."""

from services.customer.access import jobs as access
from services.customer.access_log import handlers as access_log
from services.customer.activations import handlers as activations
from services.customer.archive import handlers
from services.customer.archive import jobs as archive
from services.customer.contracts import jobs as contracts
from services.customer.directory import jobs as directory
from services.customer.handovers import jobs as handovers
from services.customer.imports import jobs as imports
from services.customer.purges import jobs as purges
from services.customer.recommendations import handlers as recommendations
from services.customer.surveys import handlers as surveys_handlers
from services.customer.surveys import jobs as surveys
from services.customer.tiers import jobs as tiers
from services.customer.touches import jobs as touches
from shared.consumer import Handlers, merge
from shared.resync import Resync
from shared.runtime import Runtime
from shared.scheduler import Job
from shared.worker import Worker

HANDLERS: Handlers = merge(
    access_log.HANDLERS,
    handlers.HANDLERS,
    surveys_handlers.HANDLERS,
    recommendations.HANDLERS,
    activations.HANDLERS,
)
JOBS: list[Job] = [
    *(
        *access.JOBS,
        *directory.JOBS,
        *archive.JOBS,
        *tiers.JOBS,
        *touches.JOBS,
        *handovers.JOBS,
        *surveys.JOBS,
    ),
    *(*contracts.JOBS, *imports.JOBS, *purges.JOBS),
]
RESYNCS: list[Resync] = [*directory.RESYNCS, *archive.RESYNCS]


def build_worker(runtime: Runtime) -> Worker:
    return Worker(runtime, handlers=HANDLERS, jobs=JOBS, resyncs=RESYNCS)
