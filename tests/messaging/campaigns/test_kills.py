"""A worker that is killed in the middle of a campaign: another goes on, and the counts are those of a quiet run."""

import asyncio
import sys
from collections import Counter
from uuid import UUID

import httpx
import pytest

from services.messaging.campaigns import repository
from shared.runtime import Runtime
from tests.messaging.campaigns.conftest import Crowd, Made, progress, run_out
from tests.messaging.shelf import Shelf

WORKER = """
import asyncio, sys
from types import SimpleNamespace
from services.messaging.campaigns import jobs
from services.messaging.campaigns.usecases import run_campaign
from shared.database import Database
run_campaign.CHUNK = 2
async def main():
    database = Database(sys.argv[1], "messaging")
    while True:
        await jobs.run_once(SimpleNamespace(database=database))
asyncio.run(main())
"""


async def taken(runtime: Runtime, id_: str) -> int:
    async with runtime.database.reading() as session:
        found = await repository.progress_of(session, UUID(id_))
    return found.audience - found.pending.get("waiting", 0)


@pytest.mark.both_databases
async def test_a_killed_worker_forgets_nobody_and_doubles_nobody(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, shelf: Shelf
) -> None:
    agreed = await crowd(60, agreed=("archive", "holiday_sms"))
    await crowd(20)
    id_ = await made()
    for aim in (1, 20, 45):
        worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, runtime.database.url)
        async with asyncio.timeout(60):
            while await taken(runtime, id_) < aim and worker.returncode is None:
                await asyncio.sleep(0.01)
        worker.kill()
        await worker.wait()
        await progress(author, id_)
    await run_out(runtime)
    found = await progress(author, id_)
    assert (found["pending_by_state"], found["suppressed_by_reason"]) == ({"queued": 60}, {"no-consent": 20})
    queued = [message for message in await shelf.messages() if message.status == "queued"]
    assert Counter(message.customer_id for message in queued) == Counter(agreed)
