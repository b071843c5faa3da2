"""A served house for each test: client signed in as the till of a hall, and one nobody knows."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared import logging
from shared.database import Database
from shared.runtime import Runtime
from tests.shared.kernel import make_tables
from tests.shared.web.house import a_client, a_runtime, a_token, an_app


@pytest.fixture(autouse=True)
def _log_through_structlog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test may have configured the log of the process."""
    monkeypatch.setattr(logging._straight, "stream", None)


@pytest.fixture
async def house_database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/customer.sqlite3", "customer")
    await make_tables(database)
    yield database
    await database.close()


@pytest.fixture
async def runtime(house_database: Database, tmp_path: Path) -> AsyncIterator[Runtime]:
    opened = a_runtime(house_database, tmp_path)
    yield opened
    await opened.http.aclose()


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    return an_app(runtime)


@pytest.fixture
async def till(app: FastAPI, runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(app, authorization=f"Bearer {a_token(runtime)}") as client:
        yield client


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(app) as client:
        yield client


@pytest.fixture
async def browser(app: FastAPI, runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(app, accept="text/html") as client:
        client.cookies.set("hall_session", a_token(runtime, "clerk", use="session", name="张强"))
        yield client
