"""Is it alive, is it ready, how is it doing: `livez`, `readyz` and `metrics` of one service."""

import asyncio
from collections.abc import Awaitable

import sqlalchemy as sa
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.runtime import Runtime

PATIENCE = 2.0


def install(app: FastAPI, runtime: Runtime) -> None:
    """Add the three paths under the service's prefix."""

    async def livez(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        checks = await check(runtime)
        ready = (
            checks["database"] and checks["accepting"]
        )  # without the bus it still accepts: the outbox waits
        return JSONResponse(
            {"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503
        )

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(runtime.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    for name, endpoint in {"livez": livez, "readyz": readyz, "metrics": metrics}.items():
        app.add_route(f"/{runtime.service}/{name}", endpoint, include_in_schema=False)


async def check(runtime: Runtime) -> dict[str, bool]:
    """What this process works with, each answered within two seconds."""
    database, bus = await asyncio.gather(_holds(_database_answers(runtime)), _holds(runtime.bus.check()))
    return {"database": database, "bus": bus, "accepting": not runtime.draining}


async def _holds(answer: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await answer
    except Exception:  # noqa: BLE001 - whatever the reason, it does not answer
        return False


async def _database_answers(runtime: Runtime) -> bool:
    async with runtime.database.reading() as session:
        await session.execute(sa.select(1))
    return True
