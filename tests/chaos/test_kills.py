"""kill -9 at random moments of the story and a load beside it: the one process, or any kind of those apart; all agrees.

`make chaos` kills often; the default run a few times. A failure prints the seed that throws the same dice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.settings import SERVICES
from tests.chaos.dice import Dice
from tests.chaos.load import Load
from tests.journeys import commands
from tests.journeys.houses import DistributedHouse, EmbeddedHouse, House

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]


@asynccontextmanager
async def at_work(house: House) -> AsyncIterator[Load]:
    """The demo's story and a few tills go on for the length of the block; then both must agree with the house."""
    load, stop = Load(house), asyncio.Event()
    working = asyncio.create_task(load.run(stop))
    story = asyncio.create_task(asyncio.to_thread(commands.run, house, "demo", "--url", house.url))
    try:
        await load.progress()
        yield load
    except BaseException:
        working.cancel()
        raise
    stop.set()
    await working
    told = await story
    print(f"{len(load.customers)} customers, {len(load.tickets)} tickets")  # noqa: T201
    await load.reconcile()
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}"


@pytest.mark.xdist_group("embedded")
async def test_the_house_in_one_process_survives_being_killed_at_any_moment(
    embedded_house: EmbeddedHouse,
) -> None:
    dice = Dice.thrown()
    print(dice)  # noqa: T201
    async with at_work(embedded_house) as load:
        for number in range(dice.kills):
            if number % 2:  # every other life is long enough for something to happen in it
                await load.progress()
            await asyncio.sleep(dice.pause())
            embedded_house.kill()
            await asyncio.to_thread(embedded_house.start)


@pytest.mark.kafka
@pytest.mark.postgresql
@pytest.mark.xdist_group("distributed")
async def test_the_distributed_house_survives_the_death_of_any_of_its_processes(
    distributed_house: DistributedHouse,
) -> None:
    dice = Dice.thrown()
    print(dice)  # noqa: T201
    async with at_work(distributed_house) as load:
        for _ in range(max(1, dice.kills // 3)):
            for kind in dice.chance.sample(KINDS, len(KINDS)):
                await asyncio.sleep(dice.pause())
                distributed_house.kill(dice.chance.choice(kind))
            await load.progress()


KINDS = [(service,) for service in SERVICES] + [
    (f"{service}-worker-1", f"{service}-worker-2") for service in SERVICES
]
