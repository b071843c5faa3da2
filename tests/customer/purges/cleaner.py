"""A worker that cleans, in a process of its own, until it is killed between a chunk's writes and its commit.

`python -m tests.customer.purges.cleaner DATABASE_URL`; says `chunk` after each commit and `midway` where it waits.
"""

import asyncio
import importlib
import sys
from typing import Any

from services.customer.purges import usecases
from shared import clock
from shared.database import Database

CHUNK, WHOLE = 5, 3
cleaning: Any = importlib.import_module("services.customer.purges.usecases.cleaning")


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    database, erase, erased = Database(url, "customer"), cleaning.erase, 0

    async def erase_and_wait(session: Any, customers: Any, **how: Any) -> None:
        nonlocal erased
        await erase(session, customers, **how)
        await session.flush()
        erased += 1
        if erased > WHOLE:
            say("midway")
            await asyncio.Event().wait()

    cleaning.CHUNK, cleaning.erase = CHUNK, erase_and_wait
    while True:
        async with database.transaction() as session:
            await usecases.work_on_purges(session, now=clock.now())
        say("chunk")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
