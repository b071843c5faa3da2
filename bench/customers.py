"""A million customers in one PostgreSQL database: how long look-ups and lists take while twenty clients ask.

The rows are made by the database itself; what is measured goes through the API of one service process. Each question
is put twice: by clients that ask again as soon as they are answered, which tells what the machine can do, and by
clients at the pace of a busy counter, which tells how long people wait.
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.engines import Engines
from bench.measure import say
from bench.registration import prepare, process, ready
from deploy.native.processes import free_ports
from shared.database import Database
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.security import tokens

CUSTOMERS, HALLS, CLERKS_A_HALL = 1_000_000, 200, 5
ASKED, PARALLEL, WARM_UP, GOAL_MS = 2000, 20, 200, 50.0
PAUSES = (0.0, 0.25)
"""Seconds between an answer and the next question of the same client."""
KNOWN = 2000
"""Customers whose number is real, so that it can be looked up; an index does not care what the others are."""

Request = tuple[str, str, dict[str, Any] | None]

HALLS_OF_THE_BENCH = """
INSERT INTO halls (code, county, name, registered_name, number, opening, sms_from, sms_until, busy_from_day,
  busy_to_day, effective_from, version, updated_at)
SELECT 'B' || n, 'zizhong', '量测' || n, '量测营业厅' || n, '0832-0000000', '{}', '08:00', '21:00', 25, 5,
  '2026-01-01', 1, now() FROM generate_series(0, :halls - 1) n
"""
CUSTOMERS_OF_THE_BENCH = """
INSERT INTO customers (id, version, status, hall, county, clerk, phone_enc, phone_index, phone_masked, name, brand,
  age_band, spend_band, habits, preferences, tier, sms_count, carried_sms_count, archived_at, archived_by, recorded_at,
  last_contact_at, followed_since)
SELECT id, 1, 'active', 'B' || n % :halls, 'zizhong', 'B' || n % :halls || '-' || n / :halls % :clerks,
  'k1.' || repeat('x', 60), encode(sha256(n::text::bytea), 'hex'), '138********', '客户' || n, 1 + n % 3, 1 + n % 4,
  n % 5, to_jsonb(ARRAY[1 + n % 4]), to_jsonb(ARRAY[1 + n % 4]), tier, n % 20, 0, since, 'bench', since, since, now()
FROM (SELECT n, (lpad(to_hex(1750000000000 + n * 31), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
    || substr(md5(n::text), 4, 15))::uuid AS id,
  substr('CCCCCCCBBA', 1 + (n / :halls % 10)::int, 1) AS tier,
  now() - interval '1 day' * (hashint4(n::int) & 127) AS since
  FROM generate_series(0, :customers - 1) n) made
"""
CONSENTS_OF_THE_BENCH = """
INSERT INTO consents (id, customer_id, purpose, decision, at, recorded_at, channel, clerk, hall, county,
  wording_version, evidence_kind, evidence_reference)
SELECT gen_random_uuid(), id, purpose, 'granted', archived_at, recorded_at, 'counter', clerk, hall, county, 'v1',
  'signature', 'S-1' FROM customers, unnest(ARRAY['archive', 'service_sms']) purpose
"""
FOLLOW_UPS_OF_THE_BENCH = """
INSERT INTO follow_ups (id, version, customer_id, hall, county, clerk, tier, strategy_version, since, since_on, due_on,
  latest_on, steps_taken, next_step_on)
SELECT gen_random_uuid(), 1, c.id, c.hall, c.county, c.clerk, c.tier, 1, c.last_contact_at, c.last_contact_at::date,
  c.last_contact_at::date + s.target_days, c.last_contact_at::date + s.max_days, 0,
  c.last_contact_at::date + s.max_days + 1
FROM customers c JOIN tier_strategies s ON s.tier = c.tier
"""


@dataclass
class Known:
    """What the clients ask for: numbers with their hall, and customers with theirs."""

    phones: list[tuple[str, str]]
    customers: list[tuple[uuid.UUID, str]]


async def run(engines: Engines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = await prepare(engines, Path(folder))
        keyring = KeyRing.load(Path(folder) / "keyring.json")
        known = await _fill(engines, PhoneBook(keyring))
        (port,) = free_ports(1)
        command = [str(Path(sys.executable).with_name("hall")), "service", "customer", "--port", str(port)]
        with process(command, environment):
            await ready(f"http://127.0.0.1:{port}")
            for name, request in _questions(known).items():
                for pause in PAUSES:
                    await _measure(f"http://127.0.0.1:{port}/customer/v1", keyring, name, request, pause)


async def _fill(engines: Engines, phones: PhoneBook) -> Known:
    database = Database(engines.database("hall_customer"), "customer")
    sizes = {"halls": HALLS, "clerks": CLERKS_A_HALL, "customers": CUSTOMERS}
    started = time.perf_counter()
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in (
            HALLS_OF_THE_BENCH, CUSTOMERS_OF_THE_BENCH, CONSENTS_OF_THE_BENCH, FOLLOW_UPS_OF_THE_BENCH
        ):  # fmt: skip
            wanted = {name: size for name, size in sizes.items() if f":{name}" in statement}
            await connection.execute(sa.text(statement), wanted)
        known = await _known(connection, phones)
        await connection.exec_driver_sql("VACUUM ANALYZE")
    await database.close()
    taken = round(time.perf_counter() - started, 1)
    say(json.dumps({"bench": "customers", "filled": CUSTOMERS, "halls": HALLS, "seconds": taken}))
    return known


async def _known(connection: AsyncConnection, phones: PhoneBook) -> Known:
    """Give some customers a number that can be looked up."""
    sample = f"SELECT id, hall FROM customers TABLESAMPLE SYSTEM (5) LIMIT {KNOWN}"
    rows = [(row[0], row[1]) for row in await connection.execute(sa.text(sample))]
    numbers = [f"139{n:08d}" for n in range(len(rows))]
    values = [{"id": id_, "index": phones.index(n)} for (id_, _), n in zip(rows, numbers, strict=True)]
    await connection.execute(sa.text("UPDATE customers SET phone_index = :index WHERE id = :id"), values)
    return Known(list(zip(numbers, (hall for _, hall in rows), strict=True)), rows)


def _questions(known: Known) -> dict[str, Callable[[], tuple[str, Request]]]:
    """Each gives the hall of who asks, and what is asked."""

    def look_up() -> tuple[str, Request]:
        number, hall = random.choice(known.phones)
        return hall, ("POST", "/customers/lookup", {"phone": number})

    def hall_list() -> tuple[str, Request]:
        return f"B{random.randrange(HALLS)}", ("GET", "/customers?limit=50", None)

    def due_list() -> tuple[str, Request]:
        return f"B{random.randrange(HALLS)}", ("GET", "/follow-ups?state=due&within=7d&limit=50", None)

    def recommendations() -> tuple[str, Request]:
        customer, hall = random.choice(known.customers)
        return hall, ("GET", f"/customers/{customer}/recommendations", None)

    return {
        "lookup by number": look_up,
        "list of a hall": hall_list,
        "due list of a hall": due_list,
        "recommendations": recommendations,
    }


async def _measure(
    url: str, keyring: KeyRing, name: str, request: Callable[[], tuple[str, Request]], pause: float
) -> None:
    """Twenty clients, each with its pause; the first answers do not count."""
    headers = {f"B{n}": {"Authorization": f"Bearer {_token(keyring, f'B{n}')}"} for n in range(HALLS)}
    taken: list[float] = []

    async def work(client: aiohttp.ClientSession, times: int) -> None:
        for _ in range(times):
            hall, (method, path, body) = request()
            started = time.perf_counter()
            async with client.request(method, url + path, json=body, headers=headers[hall]) as answer:
                await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{name}: {answer.status} {(await answer.text())[:300]}")
            taken.append(time.perf_counter() - started)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async with aiohttp.ClientSession() as client:
        await asyncio.gather(*(work(client, WARM_UP // PARALLEL) for _ in range(PARALLEL)))
        taken.clear()
        began = time.perf_counter()
        await asyncio.gather(*(work(client, ASKED // PARALLEL) for _ in range(PARALLEL)))
        rate = len(taken) / (time.perf_counter() - began)
    cuts = [1000 * cut for cut in statistics.quantiles(taken, n=100)]
    figures = {
        "p50": round(cuts[49], 1),
        "p99": round(cuts[98], 1),
        "goal": GOAL_MS,
        "clients": PARALLEL,
        "pause": pause,
    }
    say(
        json.dumps(
            {"bench": name, "unit": "ms", **figures, "requests/s": round(rate), "customers": CUSTOMERS}
        )
    )


def _token(keyring: KeyRing, hall: str) -> str:
    return tokens.issue(
        keyring,
        subject="bench",
        role="pos",
        hall=hall,
        county="zizhong",
        issuer="http://127.0.0.1:8000",
        lifetime=3600,
    )
