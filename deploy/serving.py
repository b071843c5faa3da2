"""How a process serves, stops and says so: one uvicorn server that one signal ends, on uvloop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from shared.runtime import Runtime
from shared.settings import SettingsError


class PortTaken(SettingsError):
    """Another program listens where we should."""


class Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us and ends with an event."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, grace: float) -> None:
        self._listening = _listen(host, port)
        config = uvicorn.Config(
            app,
            lifespan="off",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(grace),
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to `stop_on_signals`."""
        yield

    async def serve_until(self, stop: asyncio.Event, runtimes: Collection[Runtime] = ()) -> None:
        """Serve; on `stop` turn readiness off, leave the balancer its time to notice, finish what is in hand."""
        serving = asyncio.create_task(self.serve(sockets=[self._listening]))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for runtime in runtimes:
            runtime.draining = True
        if not serving.done():
            await asyncio.sleep(max((r.settings.drain_notice_seconds for r in runtimes), default=0))
        self.should_exit = True
        await serving


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError:
        raise PortTaken(f"端口 {port} 已被占用，请换一个端口（PORT=）或停止占用它的程序") from None


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT or SIGTERM sets; a second one ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, loop, number, stop)
    return stop


def _stop(loop: asyncio.AbstractEventLoop, number: int, stop: asyncio.Event) -> None:
    stop.set()
    loop.remove_signal_handler(number)


def collect_garbage_seldom() -> None:
    """What start-up made stays, and a batch of a thousand events is no reason to look through everything.

    With Python's own thresholds a consumer spends a quarter of its time looking for cycles it does not make.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a process's main coroutine."""
    collect_garbage_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
