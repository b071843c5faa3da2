"""The whole house in one process: four apps behind one port, their workers as tasks, SQLite and the embedded bus.

The same code as the distributed house; only the settings and this file differ.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from deploy import assembly, simulator
from deploy.serving import Server, stop_on_signals
from shared.runtime import Runtime, open_bus
from shared.settings import Settings, SettingsError
from shared.wakeups import Wakeups
from shared.worker import Worker


class DataFolderTaken(SettingsError):
    """Another process runs on this data folder."""


class FrontDoor:
    """One ASGI app out of several: the first path segment says which; everything else is the customer service's."""

    def __init__(self, rooms: dict[str, ASGIApp]) -> None:
        self._rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1]
        await self._rooms.get(first, self._rooms["customer"])(scope, receive, send)


@dataclass(frozen=True, slots=True)
class House:
    """The open house: its front door and the people at work behind it."""

    app: FrontDoor
    runtimes: dict[str, Runtime]
    workers: list[Worker]


@contextmanager
def data_folder(settings: Settings) -> Iterator[None]:
    """Hold the data folder for this process; raises `DataFolderTaken` when another has it."""
    with (settings.own_data_folder() / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderTaken(
                f"数据目录 {settings.data} 正被另一个进程使用，请先停止它或换一个 HALL_DATA"
            ) from None
        yield


@asynccontextmanager
async def open_house(all_settings: dict[str, Settings]) -> AsyncIterator[House]:
    """Open the four services on one bus and close them in reverse order."""
    async with AsyncExitStack() as stack:
        wakeups, rooms, runtimes, workers = (
            Wakeups(),
            dict[str, ASGIApp](),
            dict[str, Runtime](),
            list[Worker](),
        )
        bus = open_bus(all_settings["customer"], "embedded", wakeups)
        stack.push_async_callback(bus.close)
        for name, service in assembly.SERVICES.items():
            runtime = Runtime.open(name, all_settings[name], bus=bus, wakeups=wakeups)
            stack.push_async_callback(runtime.close)
            runtimes[name] = runtime
            rooms[name] = service.build_app(runtime)
            workers.append(service.build_worker(runtime))
        rooms["simulator"] = await stack.enter_async_context(simulator.opened(all_settings["messaging"]))
        yield House(FrontDoor(rooms), runtimes, workers)


async def serve(host: str, port: int, beside: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
    """Serve until a signal, then drain: requests first, then the workers, then the relay's last events.

    `beside` runs along while the house is open and is dropped when it closes.
    """
    stop = stop_on_signals()
    all_settings = assembly.check_settings()
    with data_folder(all_settings["customer"]):
        async with open_house(all_settings) as house:
            company = asyncio.create_task(beside()) if beside else None
            await work(house, stop, host, port)
            if company:
                company.cancel()


async def work(house: House, stop: asyncio.Event, host: str, port: int) -> None:
    """The server and all workers until `stop`."""
    grace = house.runtimes["customer"].settings.drain_seconds
    workers_stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for worker in house.workers:
            group.create_task(worker.run(workers_stop))
        try:
            await Server(house.app, host=host, port=port, grace=grace).serve_until(
                stop, house.runtimes.values()
            )
        finally:
            workers_stop.set()
