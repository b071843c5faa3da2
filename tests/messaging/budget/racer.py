"""One of several processes that plan messages to one customer at the same time; told to start on its standard input."""

import asyncio
import sys
from uuid import UUID

from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from shared import clock
from shared.database import Database, is_unavailable

CLASSES = ("service", "holiday")


async def race(url: str, customer: UUID, name: str, count: int) -> None:
    database = Database(url, "messaging", pool=4)
    async with database.transaction() as session:
        await plan_messages(session, [], now=clock.now())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(intend(database, customer, f"{name}:{number}") for number in range(count)))
    await database.close()


async def intend(database: Database, customer: UUID, cause: str) -> None:
    kind = CLASSES[hash(cause) % 2]
    params = {"content": "雨"} if kind == "service" else {"festival": "中秋", "wish": "安康"}
    intent = Intent(kind, kind, cause, customer_id=customer, hall="ZZ01", county="zizhong", params=params)
    while True:
        try:
            async with database.transaction() as session:
                await plan_messages(session, [intent], now=clock.now())
            return
        except Exception as error:
            if not is_unavailable(error):  # two hundred wait for one row: some are asked to come again
                raise


if __name__ == "__main__":
    asyncio.run(race(sys.argv[1], UUID(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
