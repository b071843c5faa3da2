"""The complaints service as its tests see it: runtime, app, callers of every role, and a way to tell it events."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.complaints.app import build_app
from services.complaints.config import ComplaintsSettings
from services.complaints.worker import HANDLERS
from shared.consumer import Consumer
from shared.database import Database
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security import tokens
from shared.security.tokens import RingKeys, Verifier
from shared.testing.buses import RecordingBus
from tests.complaints.house import BASE, Tell, messages_of, the_house

Caller = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture(scope="session")
def phones(keyring: KeyRing) -> PhoneBook:
    return PhoneBook(keyring)


@pytest.fixture
async def runtime(
    database: Database, keyring: KeyRing, phones: PhoneBook, tmp_path: Path
) -> AsyncIterator[Runtime]:
    """The service opened on the test's database, with a bus that only remembers."""
    settings = ComplaintsSettings(data=tmp_path, database_url=None, public_url=BASE)
    async with httpx.AsyncClient() as http:
        yield Runtime(
            service="complaints",
            settings=settings,
            database=database,
            bus=RecordingBus(),
            keyring=keyring,
            phones=phones,
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
async def house(tell: Tell) -> None:
    """Two counties, three halls and five clerks are known."""
    await tell(*the_house())


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


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    """张强 at the hall of Zizhong."""
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    """The manager of that hall."""
    return caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    """The regional office."""
    return caller("regional_office", subject="RO01")
