"""The receipts' door with signature and inbox, beside a bare FastAPI endpoint that inserts one row a request.

Both are one uvicorn process on the same PostgreSQL; the same client posts twenty at a time, a receipt a request. Then a
burst of 10,000 in batches of a hundred, as gateways send them after an outage: none may be lost.
"""

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import sqlalchemy as sa
from standardwebhooks.webhooks import Webhook

from bench.engines import Engines
from bench.measure import compare, say
from bench.registration import process, ready
from deploy.native.processes import free_ports
from shared import migrations
from shared.database import Database
from shared.keyring import KeyRing

REQUESTS, PARALLEL = 3000, 20
BURST, BATCH = 10_000, 100
DOOR = "/messaging/v1/gateways/simulator/receipts"
_numbers = itertools.count(1)


async def run(engines: Engines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        keyring = KeyRing.generate()
        keyring.save(Path(folder) / "keyring.json")
        url, bare_url = engines.database("hall_messaging"), engines.database("bare_receipts")
        await asyncio.to_thread(migrations.upgrade, "messaging", url)
        await asyncio.to_thread(_make_bare_table, bare_url)
        first, second = free_ports(2)
        settings = {
            "HALL_DATA": folder, "HALL_DATABASE_URL": engines.postgres.url("hall_{service}"),
            "HALL_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        ours = [str(Path(sys.executable).with_name("hall")), "service", "messaging", "--port", str(first)]
        bare = [sys.executable, "-m", "uvicorn", "bench.bare_receipts:app", "--port", str(second)]
        bare += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        webhook = Webhook(keyring.secret("gateway:simulator"))
        with process(ours, settings), process(bare, {"BARE_DATABASE_URL": bare_url}):
            doors = f"http://127.0.0.1:{first}{DOOR}", f"http://127.0.0.1:{second}/receipts"
            await ready(f"http://127.0.0.1:{first}/messaging")
            await ready(f"http://127.0.0.1:{second}")
            await compare(
                "receipts",
                "requests/s",
                0.6,
                lambda: _single(doors[0], webhook),
                lambda: _single(doors[1], webhook),
            )
            await _burst(doors[0], webhook, url)


async def _single(url: str, webhook: Webhook) -> float:
    """Receipts a second, one a request, signed beforehand."""
    posts = [_signed(webhook, a_receipt(next(_numbers))) for _ in range(REQUESTS)]
    return REQUESTS / await _post(url, posts)


async def _burst(url: str, webhook: Webhook, database_url: str) -> None:
    """All of them new, a tenth of the batches posted twice; what is stored is counted in the database."""
    database = Database(database_url, "messaging")
    before = await _stored(database)
    receipts = [a_receipt(next(_numbers)) for _ in range(BURST)]
    batches = [receipts[start : start + BATCH] for start in range(0, BURST, BATCH)]
    batches += random.Random(1).sample(batches, len(batches) // 10)
    seconds = await _post(url, [_signed(webhook, batch) for batch in batches])
    stored = await _stored(database) - before
    await database.close()
    rate = round(BURST / seconds, 1)
    say(json.dumps({"bench": "receipts_burst", "unit": "receipts/s", "ours": rate, "lost": BURST - stored}))


async def _post(url: str, posts: Sequence[dict[str, Any]]) -> float:
    """Seconds for all of them."""
    queue = iter(posts)

    async def work(client: aiohttp.ClientSession) -> None:
        for post in queue:
            async with client.post(url, **post) as answer:
                if answer.status not in (200, 201):
                    raise RuntimeError(f"{answer.status}: {(await answer.text())[:300]}")
                await answer.read()

    async with aiohttp.ClientSession() as client:
        started = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(PARALLEL)))
        return time.perf_counter() - started


def a_receipt(number: int) -> dict[str, Any]:
    return {
        "message_id": str(uuid.uuid4()),
        "gateway_message_id": f"bench-{number}",
        "status": "delivered",
        "segment": 0,
        "segments": 1,
        "code": "DELIVRD",
        "at": "2026-11-25T00:00:00+00:00",
    }


def _signed(webhook: Webhook, body: Any) -> dict[str, Any]:
    content, name, at = orjson.dumps(body).decode(), f"msg_{uuid.uuid4().hex}", datetime.now(UTC)
    headers = {
        "content-type": "application/json", "webhook-id": name, "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": webhook.sign(name, at, content),
    }  # fmt: skip
    return {"data": content, "headers": headers}


async def _stored(database: Database) -> int:
    async with database.reading() as session:
        return int(await session.scalar(sa.text("SELECT count(*) FROM gateway_inbox")) or 0)


def _make_bare_table(url: str) -> None:
    """In a process of its own: the bare table's module takes its address from the environment."""
    command = [sys.executable, "-c", "import asyncio, bench.bare_receipts as b; asyncio.run(b.make_table())"]
    subprocess.run(command, env=os.environ | {"BARE_DATABASE_URL": url}, check=True)
