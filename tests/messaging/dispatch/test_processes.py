"""Real processes: killed at every step of dispatch, and four of them under one rate."""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.messaging.config import GatewaySettings, MessagingSettings
from services.messaging.dispatch import jobs
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.messages.models import Message
from shared import clock
from shared.keyring import KeyRing
from shared.runtime import Runtime
from shared.scheduler import Firing
from tests.messaging.dispatch.dispatching import STEPS
from tests.messaging.shelf import Shelf

PROGRAM = Path(__file__).with_name("dispatching.py")
ROOT = Path(__file__).parents[3]


@dataclass
class Counting:
    """A gateway that counts each message's submissions, answers after a while, and can be asked."""

    port: int = 0
    slow: float = 0.0
    taken: Counter[str] = field(default_factory=Counter)
    moments: list[float] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1])
                status, body = self._reply(head, await reader.readexactly(length))
                await asyncio.sleep(self.slow)
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _reply(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        if head.startswith(b"POST"):
            message_id = json.loads(body)["id"]
            self.taken[message_id] += 1
            self.moments.append(asyncio.get_running_loop().time())
            return 202, json.dumps({"id": f"g-{message_id}"}).encode()
        message_id = head.split(b" ")[1].rsplit(b"/", 1)[1].decode()
        if message_id not in self.taken:
            return 404, b'{"code":"message-not-found"}'
        known = {"message_id": message_id, "status": "accepted", "at": clock.now().isoformat()}
        return 200, json.dumps(known).encode()


@pytest.fixture
async def counting() -> AsyncIterator[Counting]:
    gateway = Counting()
    server = await asyncio.start_server(gateway.answer, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    yield gateway
    server.close()


@pytest.fixture
def orders(
    runtime: Runtime, keyring: KeyRing, counting: Counting, database_url: str, tmp_path: Path
) -> dict[str, Any]:
    """What a process is told: this test's database, keys and gateway."""
    (tmp_path / "keyring.json").write_bytes(keyring.to_json())
    url = f"http://127.0.0.1:{counting.port}/simulator"
    gateway = GatewaySettings(kind="simulator", url=url, timeout=3)
    runtime.settings = MessagingSettings(
        data=tmp_path,
        database_url=None,
        public_url="http://hall.test",
        messaging_gateways={"simulator": gateway},
    )
    return {"gateway": url, "data": str(tmp_path), "database": database_url}


async def start(orders: dict[str, Any], **other: Any) -> asyncio.subprocess.Process:
    told = json.dumps({**orders, **other})
    return await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), told, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )


async def recover(runtime: Runtime, shelf: Shelf) -> None:
    """What the other workers do meanwhile: give up lost claims, ask about what is unknown, send what is queued."""
    firing = Firing(clock.now() + timedelta(minutes=5), clock.now())
    async with runtime.database.transaction() as session:
        await jobs.give_up_lost_claims(session, firing)
    gateway = open_gateways(runtime)["simulator"]
    await shelf.change(Message, Message.status == "unknown", unknown_since=clock.now() - timedelta(minutes=1))
    await jobs.ask_about_unknown(runtime, "simulator", gateway)
    dispatcher = Dispatcher(runtime, "simulator", gateway)
    while await dispatcher.step():
        continue


@pytest.mark.both_databases
@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step_each_message_reaches_the_gateway_once_and_none_is_forgotten(
    queue: Callable[[int], Awaitable[None]], orders: dict[str, Any], counting: Counting, runtime: Runtime, shelf: Shelf,
    step: str,
) -> None:  # fmt: skip
    """A2-9: count at the gateway at most one."""
    await queue(12)
    counting.slow = 0.3 if step == "handed" else 0.0
    process = await start(orders, die_at=step)
    async with asyncio.timeout(60):
        assert await process.wait() == -9
    assert max(counting.taken.values(), default=0) <= 1
    counting.slow = 0.0
    await recover(runtime, shelf)
    assert await shelf.statuses() == ["accepted"] * 12
    assert set(counting.taken.values()) == {1}
    assert len(counting.taken) == 12


@pytest.mark.both_databases
async def test_four_worker_processes_together_keep_the_gateways_rate(
    queue: Callable[[int], Awaitable[None]], orders: dict[str, Any], counting: Counting
) -> None:
    """A2-18: never more than the rate and one second's window."""
    rate = 40
    await queue(400)
    workers = [await start(orders, rate=rate, seconds=7) for _ in range(4)]
    async with asyncio.timeout(60):
        assert [await worker.wait() for worker in workers] == [0] * 4
    assert set(counting.taken.values()) == {1}
    assert len(counting.moments) >= rate * 2
    for first in range(len(counting.moments)):
        for last in range(first, len(counting.moments)):
            seconds = counting.moments[last] - counting.moments[first]
            assert last - first + 1 <= rate * (seconds + 1) + 1
