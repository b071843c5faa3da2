"""The loop that moves campaigns on: a transaction a chunk, so that a pause or a kill is never far away."""

import asyncio

from services.messaging.campaigns import repository
from services.messaging.campaigns.usecases.decide_campaign import CAMPAIGNS
from services.messaging.campaigns.usecases.run_campaign import advance_campaign
from shared import clock, context, ids
from shared.runtime import Runtime
from shared.scheduler import Job, Loop

BUSY_NAP, LONGEST_NAP = 2.0, 15.0


async def run_campaigns(runtime: Runtime, stop: asyncio.Event) -> None:
    """Takes the open campaigns in turn, a chunk each; woken by an approval, a resumption or a cancellation."""
    bell = runtime.database.bell(CAMPAIGNS)
    try:
        while not stop.is_set():
            found, more = await run_once(runtime, stop)
            if not more:
                await bell.wait(BUSY_NAP if found else LONGEST_NAP, stop)
    finally:
        bell.close()


async def run_once(runtime: Runtime, stop: asyncio.Event | None = None) -> tuple[int, bool]:
    """One step of every open campaign: how many are open, and whether one of them has more to do at once."""
    async with runtime.database.reading() as session:
        waiting = await repository.open_ids(session, clock.now())
    more = False
    for campaign_id in waiting:
        if stop is not None and stop.is_set():
            break
        with context.working_for(correlation=str(ids.uuid7()), by=f"campaign:{campaign_id}"):
            async with runtime.database.transaction() as session:
                more |= await advance_campaign(session, campaign_id, now=clock.now())
    return len(waiting), more


JOBS: list[Job] = []
LOOPS = [Loop(CAMPAIGNS, run_campaigns)]
