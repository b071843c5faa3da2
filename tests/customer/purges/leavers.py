"""Off-net lists of the tests, and the worker's part played by hand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from services.customer.purges import usecases
from shared import clock
from shared.database import Database
from tests.customer.customers import post
from tests.customer.imports.sheets import as_csv

HEADINGS = ("序号", "手机号码", "离网时间")


def a_list(*lines: Sequence[Any], headings: Sequence[Any] = HEADINGS) -> list[Sequence[Any]]:
    numbered = [(number, *line) for number, line in enumerate(lines, start=1)]
    return [["资中区域离网用户名单"], headings, *numbered]


async def upload(
    client: httpx.AsyncClient, rows: Iterable[Sequence[Any]] | bytes, key: str | None = None, **fields: Any
) -> httpx.Response:
    content = rows if isinstance(rows, bytes) else as_csv(rows)
    headers = {"Idempotency-Key": key or uuid4().hex}
    files = {"file": ("离网.csv", content)}
    return await client.post("/customer/v1/off-net-lists", files=files, data=fields, headers=headers)


async def work(database: Database, chunks: int = 1000, now: datetime | None = None) -> None:
    """What the worker's jobs do, chunk by chunk."""
    for job in (usecases.work_on_lists, usecases.work_on_purges, usecases.erase_who_withdrew):
        for _ in range(chunks):
            async with database.transaction() as session:
                if not await job(session, now=now or clock.now()):
                    break


async def taken_in(
    client: httpx.AsyncClient, database: Database, rows: Iterable[Sequence[Any]] | bytes, **fields: Any
) -> dict[str, Any]:
    answer = await upload(client, rows, **fields)
    assert answer.status_code == 202, answer.text
    await work(database)
    return dict((await client.get(answer.headers["location"])).json())


async def cleaned(
    client: httpx.AsyncClient, database: Database, *, dry_run: bool = False, month: str | None = None
) -> dict[str, Any]:
    """Start a cleaning, let the worker finish it, and look at it."""
    body = {"month": month or clock.month_of(clock.now()), "dry_run": dry_run}
    answer = await post(client, "/purges", body)
    assert answer.status_code == 202, answer.text
    await work(database)
    return dict((await client.get(answer.headers["location"])).json())


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    return tuple(job[name] for name in ("total", "done", "updated", "unchanged", "rejected"))
