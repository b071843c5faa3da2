"""From the queue to an instant gateway with every duty and commit, beside a bare loop on httpx's default transport.

Both hand over the same number of messages, twenty at a time, in one process. Ours claims under a lease, looks at
consent, hours and cap once more, opens the sealed number, records each answer and says each event; the baseline posts.
"""

import asyncio
import itertools
import sys
import tempfile
import time as stopwatch
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from subprocess import Popen

import httpx

from bench.engines import Engines
from bench.measure import compare
from deploy.native.processes import answers, free_ports
from services.messaging.audience import handlers as audience
from services.messaging.config import GatewaySettings, MessagingSettings
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.jobs import SIDE_BY_SIDE, Dispatcher
from services.messaging.planning import handlers as planning
from shared import clock, ids, migrations
from shared.bus.port import Fetched
from shared.consumer import Consumer, merge
from shared.events.base import Envelope, Event
from shared.events.customer import Consent, CustomerRegistered, HallChanged
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.runtime import Runtime

MESSAGES, PARALLEL = 3000, 20
_numbers = itertools.count(1)


async def run(engines: Engines) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = engines.database("hall_messaging")
        await asyncio.to_thread(migrations.upgrade, "messaging", url)
        (port,) = free_ports(1)
        with instant_gateway(port):
            gateway = GatewaySettings(kind="simulator", url=f"http://127.0.0.1:{port}", parallel=PARALLEL)
            settings = MessagingSettings(
                data=Path(folder), database_url=engines.postgres.url("hall_{service}"),
                messaging_gateways={"simulator": gateway},
            )  # fmt: skip
            KeyRing.create(Path(folder) / "keyring.json")
            runtime = Runtime.open("messaging", settings)
            ears = Consumer(runtime.database, runtime.bus, merge(audience.HANDLERS, planning.HANDLERS))
            await ears.handle([_record(_a_hall())])
            await compare(
                "dispatch", "messages/s", 2.0, lambda: _ours(runtime, ears), lambda: _bare(gateway.url)
            )
            await runtime.close()


async def _ours(runtime: Runtime, ears: Consumer) -> float:
    """Messages a second, from a full queue to an empty one."""
    await fill_queue(ears, runtime.phones, MESSAGES)
    dispatcher = Dispatcher(runtime, "simulator", open_gateways(runtime)["simulator"])
    started = stopwatch.perf_counter()
    moved = await asyncio.gather(*(_drained(dispatcher) for _ in range(SIDE_BY_SIDE)))
    seconds = stopwatch.perf_counter() - started
    if sum(moved) != MESSAGES:
        raise RuntimeError(f"{moved} of {MESSAGES} messages left")
    return MESSAGES / seconds


async def _drained(dispatcher: Dispatcher) -> int:
    """How many this one of the dispatcher's batches side by side moved until the queue was empty."""
    moved = 0
    while step := await dispatcher.step():
        moved += step
    return moved


async def _bare(url: str) -> float:
    """Posting the same bodies, and nothing else."""
    bodies = iter(
        {
            "id": str(uuid.uuid4()),
            "to": "+8613900001234",
            "from": "106575",
            "text": "【资中大十字营业厅】" + "您好" * 40,
        }
        for _ in range(MESSAGES)
    )

    async def work(client: httpx.AsyncClient) -> None:
        for body in bodies:
            answer = await client.post(f"{url}/v1/messages", json=body)
            answer.raise_for_status()

    limits = httpx.Limits(max_connections=PARALLEL)
    async with httpx.AsyncClient(limits=limits) as client:
        started = stopwatch.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(PARALLEL)))
        return MESSAGES / (stopwatch.perf_counter() - started)


async def fill_queue(ears: Consumer, phones: PhoneBook, count: int) -> None:
    """So many introductions, planned as on any day: by the events that customers registered."""
    records = [_record(_a_customer(phones, next(_numbers))) for _ in range(count)]
    for start in range(0, count, 500):
        await ears.handle(records[start : start + 500])


@contextmanager
def instant_gateway(port: int) -> Iterator[None]:
    process = Popen([sys.executable, "-m", "bench.instant", str(port)])
    try:
        while not answers(port):
            stopwatch.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _a_hall() -> HallChanged:
    return HallChanged(
        code="ZZ01", full_name="资中大十字营业厅", short_name="大十字营业厅", county="zizhong", county_name="资中",
        number="0832-5520000", sms_from=time(0), sms_until=time(0), effective_from=date(2026, 1, 1), version=1,
        occurred_at=clock.now(),
    )  # fmt: skip


def _a_customer(phones: PhoneBook, number: int) -> CustomerRegistered:
    sealed, at = phones.seal(f"138{number:08d}"), clock.now()
    agreed = {p: Consent(granted=True, consent_id=ids.uuid7(), at=at) for p in ("archive", "service_sms")}
    return CustomerRegistered(
        customer_id=ids.uuid7(), version=1, occurred_at=at, archived_at=at, archived_by="ZZ0101", hall="ZZ01",
        county="zizhong", clerk="ZZ0101", phone_enc=sealed.enc, phone_index=sealed.index,
        phone_masked=sealed.masked, consents=agreed, fields_filled=8, fields_total=10,
    )  # fmt: skip


def _record(event: Event, at: datetime | None = None) -> Fetched:
    envelope = Envelope(
        id=ids.uuid7(), source="/customer", type=event.topic, time=at or clock.now(), subject=event.key,
        version=event.version,
    )  # fmt: skip
    return Fetched(event.topic, event.key, envelope.to_headers(), event.to_json(), 0, 0)
