"""The worker as it is put together: every job runs, and every event it hears has its handlers in order."""

from datetime import timedelta

import pytest

from services.complaints.customers import handlers as customers
from services.complaints.tickets import handlers as tickets
from services.complaints.worker import HANDLERS, build_worker, jobs
from shared.events.complaints import ComplaintClockMissed
from shared.events.customer import CustomerReassigned, CustomerRegistered
from shared.runtime import Runtime
from tests.complaints.house import AT, opened, said


@pytest.mark.both_databases
@pytest.mark.usefixtures("house")
async def test_every_job_runs_and_clocks_are_rung_by_the_clock(runtime: Runtime) -> None:
    await opened(runtime.database)
    worker = build_worker(runtime)
    later = AT + timedelta(hours=5)
    served = [await worker.scheduler.fire(job, later) for job in jobs(runtime.settings)]  # type: ignore[arg-type]
    assert served == [True] * len(served)
    missed = await said(runtime.database, ComplaintClockMissed)
    assert [(event.clock, event.severity) for event in missed] == [
        ("first_response", "warning"),
        ("first_response", "missed"),
    ]


def test_projections_are_written_before_what_follows_from_them() -> None:
    assert HANDLERS[CustomerRegistered][0] is customers.keep_customers_on_snapshot
    assert HANDLERS[CustomerReassigned] == [
        customers.keep_assignments_on_reassigned,
        tickets.hand_over_tickets_on_reassigned,
    ]
