"""The customer service as its tests see it: a runtime on a fresh database, its app, callers of every role."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Page

from services.customer.app import build_app
from services.customer.config import CustomerSettings
from services.customer.directory import usecases as directory
from shared import clock
from shared.database import Database
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security import tokens
from shared.security.tokens import RingKeys, Verifier
from shared.testing.buses import RecordingBus
from tests.customer.organisation import ORGANISATION

Caller = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture
async def runtime(database: Database, keyring: KeyRing, tmp_path: Path) -> AsyncIterator[Runtime]:
    """The service opened on the test's database, with a bus that only remembers and a cheap password hash."""
    settings = CustomerSettings(
        data=tmp_path,
        database_url=None,
        argon2_time_cost=1,
        argon2_memory_kib=8,
        public_url="http://hall.test",
    )
    async with httpx.AsyncClient() as http:
        yield Runtime(
            service="customer",
            settings=settings,
            database=database,
            bus=RecordingBus(),
            keyring=keyring,
            phones=PhoneBook(keyring),
            verifier=Verifier(RingKeys(keyring)),
            metrics=Metrics(),
            http=http,
        )


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    return build_app(runtime)


@pytest.fixture
async def organisation(database: Database) -> None:
    """Two counties, three halls and their clerks, as `tests.customer.organisation` lists them."""
    async with database.transaction() as session:
        await directory.load_directory(session, ORGANISATION, now=clock.now())


@pytest.fixture
async def page(page: Page) -> Page:
    """The customer service is served alone here: panels that other services fill stay empty."""
    others = re.compile(r"^http://[^/]+/(messaging|complaints|kpi)/")
    await page.route(others, lambda route: route.fulfill(status=200, body=""))
    return page


@pytest.fixture
async def guest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hall.test") as client:
        yield client


@pytest.fixture
async def caller(app: FastAPI, keyring: KeyRing) -> AsyncIterator[Caller]:
    """`caller("pos", hall="ZZ01", county="zizhong")`: a client with a token of that role and place."""
    opened: list[httpx.AsyncClient] = []

    def with_token(
        role: str, *, hall: str | None = None, county: str | None = None, subject: str | None = None
    ) -> httpx.AsyncClient:
        token = tokens.issue(
            keyring,
            subject=subject or f"{role}-test",
            role=role,
            hall=hall,
            county=county,
            issuer="http://hall.test",
            lifetime=600,
        )
        headers = {"authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app)
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://hall.test", headers=headers))
        return opened[-1]

    yield with_token
    for client in opened:
        await client.aclose()
