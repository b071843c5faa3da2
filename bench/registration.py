"""Registering customers through the API with every duty, beside a bare FastAPI + SQLModel insert of one row.

Both are one uvicorn process on the same PostgreSQL; the same client sends the same bodies, twenty at a time.
"""

import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bench.engines import Engines
from bench.measure import compare
from deploy.demo import organisation
from deploy.native.processes import free_ports
from services.customer.access import usecases as access
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.config import CustomerSettings
from services.customer.directory.usecases import LoadDirectory, load_directory
from shared import clock, migrations
from shared.database import Database
from shared.keyring import KeyRing

REQUESTS, PARALLEL = 3000, 20
_numbers = itertools.count(1)


async def run(engines: Engines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bare_url = engines.database("bare")
        environment = await prepare(engines, Path(folder))
        await asyncio.to_thread(_make_bare_table, bare_url)
        ports = free_ports(2)
        ours = [str(Path(sys.executable).with_name("hall")), "service", "customer", "--port", str(ports[0])]
        bare = [sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(ports[1]), "--no-access-log"]
        bare += ["--loop", "uvloop", "--http", "httptools", "--log-level", "warning"]
        with process(ours, environment), process(bare, {"BARE_DATABASE_URL": bare_url}):
            first, second = (f"http://127.0.0.1:{port}" for port in ports)
            await ready(first)
            await ready(second)
            headers = {"Authorization": f"Bearer {await _token(first)}"}
            await compare(
                "registration",
                "requests/s",
                0.7,
                lambda: _load(f"{first}/customer/v1/customers", headers),
                lambda: _load(f"{second}/customers", {}),
            )


def a_body(number: int) -> dict[str, Any]:
    return {
        "phone": f"138{number:08d}",
        "name": "李锐",
        "hall": "ZZ01",
        "clerk": "ZZ0102",
        "brand": 2,
        "age_band": 2,
        "spend_band": 1,
        "gender": "male",
        "habits": [4],
        "preferences": [4],
        "consents": {"archive": True, "service_sms": True, "holiday_sms": True, "marketing_sms": False},
        "consent_evidence": {"kind": "signature", "reference": f"B-{number}"},
        "wording_version": "v1",
    }


async def _load(url: str, headers: dict[str, str]) -> float:
    """Requests per second over connections of its own: idle ones would have been closed by the server meanwhile."""
    queue = iter([a_body(next(_numbers)) for _ in range(REQUESTS)])

    async def work(client: aiohttp.ClientSession) -> None:
        for body in queue:
            key = {"Idempotency-Key": str(uuid.uuid4())}
            async with client.post(url, json=body, headers=headers | key) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {(await answer.text())[:300]}")
                await answer.read()

    async with aiohttp.ClientSession() as client:
        started = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(PARALLEL)))
        return REQUESTS / (time.perf_counter() - started)


async def prepare(engines: Engines, folder: Path) -> dict[str, str]:
    """Migrate, load the directory, create the client; the environment in which the service starts."""
    engines.database("hall_customer")
    url = engines.postgres.url("hall_{service}")
    environment = {
        "HALL_DATA": str(folder),
        "HALL_DATABASE_URL": url,
        "HALL_KEYRING": str(folder / "keyring.json"),
        "HALL_LOG_LEVEL": "WARNING",
    }
    settings = CustomerSettings(data=folder, database_url=url)
    KeyRing.create(folder / "keyring.json")
    await asyncio.to_thread(migrations.upgrade, "customer", settings.database_url_of("customer"))
    database = Database(settings.database_url_of("customer"), "customer")
    everything = LoadDirectory(organisation.counties(), organisation.halls(), organisation.clerks())
    hashed = await hasher_for(settings).hash("bench")
    async with database.transaction() as session:
        await load_directory(session, everything, now=clock.now())
        client = access.RegisterClient("bench", "bench", "pos", hashed, hall="ZZ01")
        await access.register_client(session, client, now=clock.now())
    await database.close()
    return environment


def _make_bare_table(url: str) -> None:
    """In a process of its own: the bare table's module takes its address from the environment."""
    command = [sys.executable, "-c", "import asyncio, bench.bare; asyncio.run(bench.bare.make_table())"]
    subprocess.run(command, env=os.environ | {"BARE_DATABASE_URL": url}, check=True)


@contextmanager
def process(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    running = subprocess.Popen(command, env=os.environ | environment)
    try:
        yield
    finally:
        running.terminate()
        running.wait(30)


async def ready(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(f"{url}/openapi.json"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


async def _token(url: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "bench", "client_secret": "bench"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/customer/v1/oauth/token", data=form) as answer,
    ):
        token: str = (await answer.json())["access_token"]
    return token
