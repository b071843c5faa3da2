"""The KPI service as its tests see it: runtime, app, callers of every role, and a way to tell it events."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.kpi.app import build_app
from services.kpi.config import KpiSettings
from services.kpi.worker import HANDLERS
from shared.consumer import Consumer
from shared.database import Database
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security import tokens
from shared.security.tokens import RingKeys, Verifier
from shared.testing.buses import RecordingBus
from tests.kpi.house import Tell, messages_of

Caller = Callable[..., httpx.AsyncClient]
BASE = "http://hall.test"


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture
async def runtime(database: Database, keyring: KeyRing, tmp_path: Path) -> AsyncIterator[Runtime]:
    """The service opened on the test's database, with a bus that only remembers."""
    settings = KpiSettings(data=tmp_path, database_url=None, public_url=BASE)
    async with httpx.AsyncClient() as http:
        yield Runtime(
            service="kpi",
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
def tell(database: Database) -> Tell:
    """`await tell(event, …)`: the events arrive over the bus, in one batch, through the real consumer."""
    consumer = Consumer(database, RecordingBus(), HANDLERS)

    async def told(*events: object) -> None:
        await consumer.handle(messages_of(*events))

    return told


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    return build_app(runtime)


@pytest.fixture
async def caller(app: FastAPI, keyring: KeyRing) -> AsyncIterator[Caller]:
    """`caller("clerk", hall="ZZ01", county="zizhong")`: a client with a token of that role and place."""
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
            issuer=BASE,
            lifetime=600,
        )
        headers = {"authorization": f"Bearer {token}"}
        opened.append(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE, headers=headers))
        return opened[-1]

    yield with_token
    for client in opened:
        await client.aclose()
