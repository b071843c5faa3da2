"""Fixtures every test may ask for: fresh databases, a broker, a gateway, a browser."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from deploy.native import packages
from deploy.native.kafka import Kafka
from deploy.native.kannel import Kannel
from deploy.native.postgres import Postgres
from shared.database import Database
from shared.settings import SERVICES
from tests.engines import databases, shared_folder

FreshDatabase = Callable[[str], str]
StartKannel = Callable[[str], Kannel]


@pytest.fixture
def postgres_url() -> Iterator[FreshDatabase]:
    """`postgres_url("customer")`: the address of a fresh migrated PostgreSQL database."""
    made: list[str] = []

    def fresh(service: str) -> str:
        made.append(databases.fresh_postgresql(service))
        return made[-1]

    yield fresh
    for url in made:
        databases.drop_postgresql(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> FreshDatabase:
    """`sqlite_url("customer")`: the address of a fresh migrated SQLite file in the test's folder."""
    return lambda service: databases.fresh_sqlite(service, tmp_path)


@pytest.fixture
def service(request: pytest.FixtureRequest) -> str:
    """The service a test is about: the folder it lies in; tests elsewhere override this."""
    for part in request.path.parts:
        if part in SERVICES:
            return part
    raise LookupError(f"{request.path} lies in no service's folder: override the fixture `service`")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, service: str) -> str:
    """A fresh migrated database of the service, on the engine of `database_kind`."""
    kind = request.getfixturevalue("database_kind")
    fresh: FreshDatabase = request.getfixturevalue("postgres_url" if kind == "postgresql" else "sqlite_url")
    return fresh(service)


@pytest.fixture
async def database(database_url: str, service: str) -> AsyncIterator[Database]:
    """The service's own database: SQLite, or each engine in turn for tests marked `both_databases`."""
    opened = Database(database_url, service)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def kafka() -> Kafka:
    """The session's broker. Shared: use topics and groups of your own (`unique`), and never stop it."""
    place = shared_folder.folder() / "kafka"

    def start() -> dict[str, list[int]]:
        broker = Kafka(place)
        broker.start()
        return {"ports": [port for each in broker.brokers for port in (each.port, each.controller)]}

    return Kafka(place, shared_folder.once("kafka", start)["ports"])


@pytest.fixture
def own_kafka() -> Iterator[Kafka]:
    """A broker for this test alone, which it may stop, kill and start again."""
    broker = Kafka(shared_folder.folder() / f"kafka-{uuid.uuid4().hex[:8]}")
    broker.start()
    yield broker
    broker.remove()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A durable cluster for this test alone, which it may stop, kill and start again."""
    cluster = Postgres(shared_folder.folder() / f"postgres-{uuid.uuid4().hex[:8]}")
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def unique() -> str:
    """A short word for names that share an engine with other tests."""
    return uuid.uuid4().hex[:10]


@pytest.fixture
def kannel(tmp_path: Path) -> Iterator[StartKannel]:
    """`kannel(inbound_url)`: a running gateway; `.sendsms_url` takes messages, `.centre` is the phones' side."""
    started: list[Kannel] = []

    def start(inbound_url: str) -> Kannel:
        place = shared_folder.folder() / f"kannel-{uuid.uuid4().hex[:8]}"
        started.append(Kannel(place, inbound_url))
        started[-1].start()
        return started[-1]

    yield start
    for gateway in started:
        gateway.remove()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real Chromium, without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=packages.require("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A page in Chinese at Shanghai time; a script error or a failed load of a page's part fails the test."""
    context = await chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    opened = await context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("requestfailed", lambda request: errors.append(f"{request.url}: {request.failure}"))
    yield opened
    await context.close()
    await asyncio.sleep(0)
    # Whoever leaves a page breaks off what its panels were still loading, and the house may close before the window.
    ended = ("net::ERR_ABORTED", "net::ERR_CONNECTION_REFUSED")
    assert [error for error in errors if not error.endswith(ended)] == []
