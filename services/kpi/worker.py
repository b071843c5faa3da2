"""The KPI service's background work: what it hears, and the nightly run."""

from services.kpi.facts import handlers as facts
from services.kpi.scoring import jobs as scoring
from services.kpi.staff import handlers as staff
from shared.consumer import Handlers, merge
from shared.runtime import Runtime
from shared.scheduler import Job
from shared.security import revocation
from shared.worker import Worker

HANDLERS: Handlers = merge(revocation.HANDLERS, staff.HANDLERS, facts.HANDLERS)
JOBS: list[Job] = [*scoring.JOBS]


def build_worker(runtime: Runtime) -> Worker:
    return Worker(runtime, handlers=HANDLERS, jobs=JOBS)
