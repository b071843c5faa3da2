"""`hall` as an operator runs it beside a house."""

import asyncio
import os
import subprocess
from typing import Any

import orjson

from tests.journeys.houses import HALL, House


def run(house: House, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HALL_")}
    return subprocess.run(
        [HALL, *arguments],
        env={**environment, **house.environment},
        cwd=house.folder,
        capture_output=True,
        text=True,
        check=False,
    )


async def asked(house: House, *arguments: str) -> Any:
    """What a command answers to a script."""
    told = await asyncio.to_thread(run, house, *arguments, "--json")
    assert told.returncode == 0, told.stderr
    return orjson.loads(told.stdout)
