"""One service's app or worker as a process of its own, on Kafka and PostgreSQL. Any number of each may run."""

from deploy import assembly
from deploy.serving import Server, stop_on_signals
from shared import logging
from shared.runtime import Runtime
from shared.settings import load


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
        await server.serve_until(stop)
    finally:
        await runtime.close()


async def serve_worker(name: str) -> None:
    """Run one service's consumer, relay, jobs and loops until a signal, then drain."""
    service = assembly.SERVICES[name]
    stop = stop_on_signals()
    runtime = _opened(service)
    try:
        await service.build_worker(runtime).run(stop)
    finally:
        await runtime.close()


def _opened(service: assembly.Service) -> Runtime:
    settings = load(service.settings)
    logging.configure(settings.log_level)
    return Runtime.open(service.name, settings)
