"""kill -9 at random moments under load, of the house in one process and of each kind of process apart; then all agrees.

`make chaos` kills often; the default run a few times. A failure prints the seed that throws the same dice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.settings import SERVICES
from tests.chaos.dice import Dice
from tests.chaos.load import Load
from tests.journeys.houses import DistributedHouse, EmbeddedHouse, House

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]


@asynccontextmanager
async def under_load(house: House) -> AsyncIterator[None]:
    """Tills at work for the length of the block; then everything is reconciled."""
    load, stop = Load(house), asyncio.Event()
    working = asyncio.create_task(load.run(stop))
    try:
        await load.begin()
        yield
    finally:
        stop.set()
        await working
    print(f"{len(load.customers)} customers, {len(load.tickets)} tickets")  # noqa: T201
    await load.reconcile()


@pytest.mark.xdist_group("embedded")
async def test_the_house_in_one_process_survives_being_killed_at_any_moment(
    embedded_house: EmbeddedHouse,
) -> None:
    dice = Dice.thrown()
    print(dice)  # noqa: T201
    async with under_load(embedded_house):
        for _ in range(dice.kills):
            await asyncio.sleep(dice.pause())
            embedded_house.kill()
            await asyncio.to_thread(embedded_house.start)
        await asyncio.sleep(dice.pause())


@pytest.mark.kafka
@pytest.mark.postgresql
@pytest.mark.xdist_group("distributed")
async def test_the_distributed_house_survives_the_death_of_any_of_its_processes(
    distributed_house: DistributedHouse,
) -> None:
    dice = Dice.thrown()
    print(dice)  # noqa: T201
    async with under_load(distributed_house):
        for _ in range(max(1, dice.kills // 3)):
            for kind in dice.chance.sample(KINDS, len(KINDS)):
                await asyncio.sleep(dice.pause())
                distributed_house.kill(dice.chance.choice(kind))
        await asyncio.sleep(dice.pause())


KINDS = [(service,) for service in SERVICES] + [
    (f"{service}-worker-1", f"{service}-worker-2") for service in SERVICES
]
