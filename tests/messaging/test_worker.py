"""The whole service at work: events in, messages out through the simulator over HTTP, receipts and replies back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from deploy import simulator
from deploy.native.processes import free_ports
from deploy.serving import Server
from deploy.simulator.settings import SimulatorSettings
from services.messaging.app import build_app
from services.messaging.config import GatewaySettings, MessagingSettings
from services.messaging.dispatch import jobs as dispatch
from services.messaging.worker import build_worker
from shared.bus.embedded import EmbeddedBus
from shared.bus.port import Message as Record
from shared.database import Database
from shared.events.base import Event
from shared.events.messaging import SmsOptedOut
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security.tokens import RingKeys, Verifier
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

PATIENCE = 40


class Shop:
    """The open service."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient, url: str, ears: Ears, shelf: Shelf) -> None:
        self.runtime, self.http, self.url, self._ears, self.shelf = runtime, http, url, ears, shelf
        self.desk = {"authorization": f"Bearer {simulator.control_token(runtime.keyring)}"}

    async def say(self, *events: Event) -> None:
        """Publish as the customer service does."""
        records = [self._ears.record(event) for event in events]
        await self.runtime.bus.publish([Record(r.topic, r.key, r.headers, r.value) for r in records])

    async def until(self, ready: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not ready(await self.shelf.statuses()):
                await asyncio.sleep(0.1)

    async def taken(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (
            await self.http.get(f"{self.url}/simulator/v1/messages", headers=self.desk)
        ).json()["items"]
        return items


@asynccontextmanager
async def a_shop(
    database: Database, folder: Path, keyring: KeyRing, ears: Ears, shelf: Shelf, **faults: Any
) -> AsyncIterator[Shop]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    (folder / "keyring.json").write_bytes(keyring.to_json())
    gateway = GatewaySettings(kind="simulator", url=f"{url}/simulator", timeout=0.8)
    settings = MessagingSettings(data=folder, public_url=url, messaging_gateways={"simulator": gateway})
    behaviour = SimulatorSettings(callback_url=url, **{"delay": 0.05, "jitter": 0.1, **faults})
    bus = EmbeddedBus(folder / "bus.sqlite3", wakeups=database.wakeups)
    async with (
        httpx.AsyncClient(transport=AiohttpTransport()) as http,
        simulator.opened(settings, behaviour) as room,
    ):
        runtime = Runtime(
            service="messaging", settings=settings, database=database, bus=bus, keyring=keyring,
            phones=PhoneBook(keyring), verifier=Verifier(RingKeys(keyring)), metrics=Metrics(), http=http,
        )  # fmt: skip
        app, stop = build_app(runtime), asyncio.Event()

        async def front(scope: Any, receive: Any, send: Any) -> None:
            await (room if scope["path"].startswith("/simulator") else app)(scope, receive, send)

        working = asyncio.create_task(build_worker(runtime).run(stop))
        serving = asyncio.create_task(Server(front, host="127.0.0.1", port=port, grace=2).serve_until(stop))
        try:
            yield Shop(runtime, http, url, ears, shelf)
        finally:
            stop.set()
            await asyncio.gather(working, serving)
            await bus.close()


async def test_introductions_are_sent_delivered_and_answered(
    database: Database, tmp_path: Path, keyring: KeyRing, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customers = [people.a_customer(phones, phone=f"139{number:08d}") for number in range(40)]
    async with a_shop(database, tmp_path, keyring, ears, shelf) as shop:
        await shop.say(people.a_hall(), *customers)
        await shop.until(lambda found: found == ["delivered"] * 40)
        assert {item["submissions"] for item in await shop.taken()} == {1}
        reply = {"from": "13900000007", "text": "退订"}
        await shop.http.post(f"{shop.url}/simulator/v1/inbound", json=reply, headers=shop.desk)
        await shop.until(lambda found: found == ["delivered"] * 41)
    (heard,) = [
        SmsOptedOut.from_json(record.value)
        for record in await published(tmp_path)
        if record.topic == SmsOptedOut.topic
    ]
    assert heard.customer_id == customers[7].customer_id


async def published(folder: Path) -> list[Any]:
    bus = EmbeddedBus(folder / "bus.sqlite3", wakeups=Database("sqlite+aiosqlite:///:memory:", "kpi").wakeups)
    subscription = await bus.subscribe("a-look", [SmsOptedOut.topic])
    records = (await subscription.fetch(100, 0.1)).messages
    await bus.close()
    return list(records)


async def test_with_a_bad_gateway_every_message_still_has_one_fate_and_is_sent_at_most_once(
    database: Database, tmp_path: Path, keyring: KeyRing, ears: Ears, shelf: Shelf, phones: PhoneBook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(dispatch, "RECONCILE_EVERY", 0.3)
    monkeypatch.setattr(dispatch, "SETTLING", dispatch.SETTLING / 20)
    faults = {
        "seed": 7, "loss": 0.2, "duplicates": 0.4, "reorder": 0.4, "stall": 0.15, "stall_seconds": 1.5, "fail": 0.1,
        "reject": 0.1, "segment_receipts": True, "forge": 0.2, "rate": 60,
    }  # fmt: skip
    customers = [people.a_customer(phones, phone=f"138{number:08d}") for number in range(80)]
    async with a_shop(database, tmp_path, keyring, ears, shelf, **faults) as shop:
        await shop.say(people.a_hall(), *customers)
        await shop.until(
            lambda found: not {"queued", "submitting", "unknown", "held"} & set(found) and len(found) == 80
        )
        taken = {item["id"]: item for item in await shop.taken()}
    messages = await shelf.messages()
    assert {item["submissions"] for item in taken.values()} == {1}
    assert {m.status for m in messages} == {"accepted", "delivered", "failed"}
    refused = [m for m in messages if str(m.id) not in taken]
    assert refused
    assert {(m.status, m.reason) for m in refused} == {("failed", "rejected")}
    assert len(await shelf.slots()) == len(taken)
