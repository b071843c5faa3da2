"""How a process serves, stops and says so: one uvicorn server beside background work, both ended by one signal."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us and can be told to stop."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, grace: float) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="off",
            loop="none",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(grace),
        )
        super().__init__(config)

    def install_signal_handlers(self) -> None:
        """Signals belong to `until_signalled`."""

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Serve; on `stop` finish the requests in hand. Ends `stop` itself when the port cannot be had."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup()
        if self.should_exit:
            stop.set()
            raise OSError(f"port {self.config.port} is not free")
        ticking = asyncio.create_task(self.main_loop())
        await stop.wait()
        self.should_exit = True
        await ticking
        await self.shutdown()


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT or SIGTERM sets; a second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _first_signal, loop, number, stop)
    return stop


def _first_signal(loop: asyncio.AbstractEventLoop, number: int, stop: asyncio.Event) -> None:
    stop.set()
    loop.remove_signal_handler(number)


def run(main: Callable[[], Awaitable[Any]]) -> None:
    """Run the process's main coroutine on uvloop."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_awaited(main))


async def _awaited(main: Callable[[], Awaitable[Any]]) -> None:
    await main()
