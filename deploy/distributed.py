"""One service's app or worker as a process of its own, on Kafka and PostgreSQL. Any number of each may run."""

import asyncio

from deploy import assembly
from deploy.serving import Server, stop_on_signals
from shared import logging
from shared.runtime import Runtime
from shared.settings import load
from shared.web.app import create_app


async def serve_app(name: str, host: str, port: int | None) -> None:
    """Serve one service's HTTP until a signal; readiness goes off first, requests in hand are finished."""
    service = assembly.SERVICES[name]
    stop = stop_on_signals()
    runtime = _opened(service)
    try:
        server = Server(
            service.build_app(runtime),
            host=host,
            port=port or service.port,
            grace=runtime.settings.drain_seconds,
        )
        await server.serve_until(stop, [runtime])
    finally:
        await runtime.close()


async def serve_worker(name: str, host: str, port: int | None) -> None:
    """Run one service's consumer, relay, jobs and loops until a signal, then drain.

    With a port the worker answers `livez`, `readyz` and `metrics` there: its gauges are nowhere else.
    """
    service = assembly.SERVICES[name]
    stop = stop_on_signals()
    runtime = _opened(service)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(service.build_worker(runtime).run(stop))
            if port is not None:
                app = create_app(runtime, f"{name} worker", [])
                server = Server(app, host=host, port=port, grace=runtime.settings.drain_seconds)
                group.create_task(server.serve_until(stop, [runtime]))
    finally:
        await runtime.close()


def _opened(service: assembly.Service) -> Runtime:
    settings = load(service.settings)
    logging.configure(settings.log_level)
    return Runtime.open(service.name, settings)
