"""The messaging service as its tests see it: a runtime on a fresh database, its app, callers, ears, a fake gateway."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.messaging.app import build_app
from services.messaging.config import MessagingSettings
from shared.database import Database
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security import csrf, tokens
from shared.security.authentication import SESSION_COOKIE
from shared.security.tokens import RingKeys, Verifier
from shared.testing.buses import RecordingBus
from tests.messaging.browsing import Visitor, Window
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

Caller = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="session")
def keyring() -> KeyRing:
    return KeyRing.generate()


@pytest.fixture
def phones(keyring: KeyRing) -> PhoneBook:
    return PhoneBook(keyring)


@pytest.fixture
async def runtime(database: Database, keyring: KeyRing, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = MessagingSettings(data=tmp_path, database_url=None, public_url="http://hall.test")
    async with httpx.AsyncClient() as http:
        yield Runtime(
            service="messaging",
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
def ears(database: Database) -> Ears:
    return Ears(database)


@pytest.fixture
def shelf(database: Database) -> Shelf:
    return Shelf(database)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def caller(app: FastAPI, keyring: KeyRing) -> AsyncIterator[Caller]:
    """`caller("pos", hall="ZZ01", county="zizhong")`: a client with a token of that role and place."""
    opened: list[httpx.AsyncClient] = []

    def client(role: str, *, hall: str | None = None, county: str | None = None) -> httpx.AsyncClient:
        token = tokens.issue(
            keyring, subject=f"{role}-{hall}", role=role, issuer="http://hall.test", lifetime=600, hall=hall,
            county=county,
        )  # fmt: skip
        opened.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://hall.test",
                headers={"authorization": f"Bearer {token}"},
            )
        )
        return opened[-1]

    yield client
    for each in opened:
        await each.aclose()


@pytest.fixture
async def browser(app: FastAPI, keyring: KeyRing) -> AsyncIterator[Caller]:
    """`browser("clerk", hall="ZZ01", county="zizhong")`: somebody signed in, with the token that their forms carry."""
    opened: list[httpx.AsyncClient] = []

    def client(role: str, *, hall: str | None = None, county: str | None = None) -> httpx.AsyncClient:
        session = tokens.issue(
            keyring, subject=f"{role}-{hall}", role=role, issuer="http://hall.test", lifetime=600, hall=hall,
            county=county, use="session",
        )  # fmt: skip
        headers = {"accept": "text/html", csrf.HEADER: csrf.token_for(session)}
        opened.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://hall.test",
                cookies={SESSION_COOKIE: session},
                headers=headers,
            )
        )
        return opened[-1]

    yield client
    for each in opened:
        await each.aclose()


@pytest.fixture
async def visitor(app: FastAPI, keyring: KeyRing) -> AsyncIterator[Window]:
    """`visitor("hall_manager", hall="ZZ01", county="zizhong")`: somebody signed in at the pages."""
    opened: list[Visitor] = []

    def window(role: str, **place: str) -> Visitor:
        opened.append(Visitor(app, keyring, role, **place))
        return opened[-1]

    yield window
    for each in opened:
        await each.http.aclose()


@pytest.fixture
async def guest(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token, as gateways are."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hall.test") as client:
        yield client
