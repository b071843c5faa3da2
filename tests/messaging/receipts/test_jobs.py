"""A burst of receipts through the door, and the alarm when none come."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.messages.models import Message
from services.messaging.receipts import jobs
from services.messaging.receipts.models import GatewayInbox
from shared import clock
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.receipts.test_routes import RECEIPTS, signed
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
AT = datetime(2026, 11, 10, tzinfo=UTC).isoformat()


@asynccontextmanager
async def at_work(runtime: Runtime, loop: Any) -> AsyncIterator[None]:
    stop = asyncio.Event()
    working = asyncio.create_task(loop(runtime, stop))
    yield
    stop.set()
    await working


async def send(runtime: Runtime, ears: Ears, phones: PhoneBook, gateway: FakeGateway, count: int) -> None:
    await ears.hear(people.a_hall())
    await ears.hear(*(people.a_customer(phones, phone=f"139{number:08d}") for number in range(count)))
    while await Dispatcher(runtime, "simulator", gateway).step():
        continue


async def test_of_a_burst_of_receipts_none_is_lost(
    runtime: Runtime, app: FastAPI, guest: httpx.AsyncClient, keyring: KeyRing, ears: Ears, phones: PhoneBook,
    gateway: FakeGateway, shelf: Shelf,
) -> None:  # fmt: skip
    """Small batches, many at a time, a third of them posted twice, in any order."""
    await send(runtime, ears, phones, gateway, 500)
    dice, secret = random.Random(5), keyring.secret("gateway:simulator")
    bodies = [
        {"message_id": str(message.id), "status": said, "at": AT, "segment": segment, "segments": 2}
        for message in await shelf.messages()
        for segment in (1, 2)
        for said in ("accepted", "delivered")
    ]
    dice.shuffle(bodies)
    posts = [bodies[start : start + 20] for start in range(0, len(bodies), 20)]
    posts += dice.sample(posts, len(posts) // 3)
    waiting = iter(posts)

    async def post() -> None:
        for batch in waiting:
            assert (await guest.post(RECEIPTS, **signed(secret, batch))).status_code == 200

    async with at_work(runtime, jobs.apply_waiting_receipts):
        await asyncio.gather(*(post() for _ in range(10)))
        async with asyncio.timeout(60):
            while await shelf.rows(GatewayInbox, GatewayInbox.state == "waiting"):
                await asyncio.sleep(0.05)
    assert await shelf.statuses() == ["delivered"] * 500
    assert {row.state for row in await shelf.rows(GatewayInbox)} == {"applied"}
    assert len(await shelf.rows(GatewayInbox)) == len(bodies)


async def test_the_alarm_tells_how_long_no_receipt_has_come_while_some_are_awaited(
    runtime: Runtime, guest: httpx.AsyncClient, keyring: KeyRing, ears: Ears, phones: PhoneBook, gateway: FakeGateway,
    shelf: Shelf,
) -> None:  # fmt: skip
    """A2-14."""
    assert await silence(runtime) == 0
    await send(runtime, ears, phones, gateway, 2)
    await shelf.change(Message, accepted_at=clock.now() - timedelta(minutes=30))
    assert await silence(runtime) == pytest.approx(1800, abs=20)
    first, _second = await shelf.messages()
    body = {"message_id": str(first.id), "status": "accepted", "at": AT}
    await guest.post(RECEIPTS, **signed(keyring.secret("gateway:simulator"), body))
    assert await silence(runtime) < 20
    await shelf.change(GatewayInbox, received_at=clock.now() - timedelta(minutes=10))
    assert await silence(runtime) == pytest.approx(600, abs=20)
    await shelf.change(Message, status="delivered")
    assert await silence(runtime) == 0


async def silence(runtime: Runtime) -> float:
    runtime.metrics.receipts_silent_seconds.clear()
    labels = {"service": "messaging", "gateway": "simulator"}
    async with at_work(runtime, jobs.measure_silence), asyncio.timeout(10):
        while True:
            value = runtime.metrics.registry.get_sample_value("hall_receipts_silent_seconds", labels)
            if value is not None:
                return value
            await asyncio.sleep(0.01)
