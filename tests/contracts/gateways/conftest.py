"""Each gateway's adapter against its real peer, with the messaging service's own doors as the place for callbacks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport
from sqlmodel import select

from deploy import simulator
from deploy.native.kannel import Kannel
from deploy.native.processes import free_ports
from deploy.serving import Server
from services.messaging.app import build_app
from services.messaging.config import CloudMasSettings, GatewaySettings, MessagingSettings, SmppSettings
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.dispatch.gateways.origin import path_secret
from services.messaging.dispatch.gateways.smpp import SmppGateway
from services.messaging.dispatch.ports import Gateway
from services.messaging.receipts.jobs import keep_connections
from services.messaging.receipts.models import GatewayInbox
from shared.database import Database
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security.tokens import RingKeys, Verifier
from shared.testing.buses import RecordingBus
from tests.engines.cloud_mas import CloudMas
from tests.engines.smsc import SmsCentre

PATIENCE = 20.0


class Peer(Protocol):
    """The far side: what phones got, and a phone that answers."""

    name: str

    async def texts(self) -> list[tuple[str, str]]: ...

    async def reply(self, sender: str, text: str) -> None: ...


@dataclass
class Meeting:
    """One adapter, its peer, and what came back through the service's doors."""

    gateway: Gateway
    peer: Peer
    runtime: Runtime
    port: int

    async def came_in(self, kind: str, count: int) -> list[dict[str, Any]]:
        """What the doors stored, once there are so many."""

        async def enough() -> list[dict[str, Any]] | None:
            async with self.runtime.database.reading() as session:
                query = select(GatewayInbox).where(GatewayInbox.kind == kind, GatewayInbox.state == "waiting")
                found = [row.payload for row in await session.scalars(query)]
            return found if len(found) >= count else None

        stored: list[dict[str, Any]] = await until(enough)
        return stored

    async def phones_got(self, count: int) -> list[tuple[str, str]]:
        async def enough() -> list[tuple[str, str]] | None:
            got = await self.peer.texts()
            return got if len(got) >= count else None

        texts: list[tuple[str, str]] = await until(enough)
        return texts


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while (found := await look()) is None:
            await asyncio.sleep(0.05)
    return found


class SimulatorPeer:
    """The simulator, asked over its own HTTP; it keeps a mask of each number."""

    name = "simulator"

    def __init__(self, http: httpx.AsyncClient, url: str, keyring: KeyRing) -> None:
        self._http, self._url = http, url
        self._desk = {"authorization": f"Bearer {simulator.control_token(keyring)}"}

    async def texts(self) -> list[tuple[str, str]]:
        items = (await self._http.get(f"{self._url}/simulator/v1/messages", headers=self._desk)).json()[
            "items"
        ]
        return [(item["to_masked"], item["text"]) for item in items for _ in range(item["submissions"])]

    async def reply(self, sender: str, text: str) -> None:
        body = {"from": sender, "text": text}
        await self._http.post(f"{self._url}/simulator/v1/inbound", json=body, headers=self._desk)


class KannelPeer:
    """The SMS centre behind a real bearerbox and smsbox; parts of a long message are put together."""

    name = "kannel"

    def __init__(self, kannel: Kannel) -> None:
        self._kannel = kannel

    async def texts(self) -> list[tuple[str, str]]:
        whole: dict[tuple[str, bytes], list[str]] = {}
        for number, part in enumerate(self._kannel.centre.received):
            key = part.heading[3:4] if part.heading else str(number).encode()
            whole.setdefault((part.to, key), []).append(part.text)
        return [(to, "".join(parts)) for (to, _key), parts in whole.items()]

    async def reply(self, sender: str, text: str) -> None:
        await asyncio.to_thread(self._kannel.centre.send, sender, "10657501", text)


class CloudMasPeer:
    """The platform, asked for what it sent on."""

    name = "cloud_mas"

    def __init__(self, platform: CloudMas) -> None:
        self.platform = platform

    async def texts(self) -> list[tuple[str, str]]:
        return list(self.platform.phones)

    async def reply(self, sender: str, text: str) -> None:
        await self.platform.reply(sender, text)


class SmppPeer:
    """The SMS centre, asked for what phones show."""

    name = "smpp"

    def __init__(self, centre: SmsCentre) -> None:
        self.centre = centre

    async def texts(self) -> list[tuple[str, str]]:
        return self.centre.texts()

    async def reply(self, sender: str, text: str) -> None:
        self.centre.reply(sender, text)


@pytest.fixture
def service() -> str:
    return "messaging"


@pytest.fixture
async def meet(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[Callable[[str], Awaitable[Meeting]]]:
    """`await meet("kannel")`: the adapter and its peer, started."""
    async with AsyncExitStack() as stack:

        async def start(name: str) -> Meeting:
            return await stack.enter_async_context(_meeting(name, request, database, tmp_path))

        yield start


@asynccontextmanager
async def _meeting(
    name: str, request: pytest.FixtureRequest, database: Database, folder: Path
) -> AsyncIterator[Meeting]:
    (port,) = free_ports(1)
    url, keyring = f"http://127.0.0.1:{port}", KeyRing.generate()
    secret = path_secret(keyring.secret(f"gateway:{name}:callback"))
    door = f"{url}/messaging/v1/gateways/{name}/{secret}"
    gateways = {"simulator": GatewaySettings(kind="simulator", url=f"{url}/simulator")}
    kannel, platform, centre = None, CloudMas(door), SmsCentre()
    if name == "kannel":
        start: Callable[[str], Kannel] = request.getfixturevalue("kannel")
        kannel = await asyncio.to_thread(start, f"{door}/inbound")
        keyring = keyring.with_secret("gateway:kannel", kannel.password)
        gateways["kannel"] = GatewaySettings(kind="kannel", url=kannel.sendsms_url, timeout=5)
    if name == "cloud_mas":
        keyring = keyring.with_secret("gateway:cloud_mas", platform.secret_key)
        gateways["cloud_mas"] = GatewaySettings(
            kind="cloud_mas", url=url, timeout=5, cloud_mas=an_account(platform)
        )
    async with (
        httpx.AsyncClient(transport=AiohttpTransport()) as http,
        platform.opened() as mas,
        centre.opened(),
        AsyncExitStack() as stack,
    ):
        if name == "smpp":
            keyring = keyring.with_secret("gateway:smpp", centre.password)
            gateways["smpp"] = GatewaySettings(
                kind="smpp", url=f"smpp://127.0.0.1:{centre.port}", timeout=5, smpp=SmppSettings()
            )
        (folder / "keyring.json").write_bytes(keyring.to_json())
        settings = MessagingSettings(data=folder, public_url=url, messaging_gateways=gateways)
        room = await stack.enter_async_context(simulator.opened(settings))
        runtime = Runtime(
            service="messaging", settings=settings, database=database, bus=RecordingBus(), keyring=keyring,
            phones=PhoneBook(keyring), verifier=Verifier(RingKeys(keyring)), metrics=Metrics(), http=http,
        )  # fmt: skip
        app, stop = build_app(runtime), asyncio.Event()
        houses: dict[str, Any] = {"simulator": room, "sms": mas}

        async def front(scope: Any, receive: Any, send: Any) -> None:
            await houses.get(scope["path"].split("/")[1], app)(scope, receive, send)

        server = Server(front, host="127.0.0.1", port=port, grace=2)
        serving = asyncio.create_task(server.serve_until(stop))
        holding = asyncio.create_task(keep_connections(runtime, stop))
        peers: dict[str, Callable[[], Peer]] = {
            "simulator": lambda: SimulatorPeer(http, url, keyring),
            "kannel": lambda: KannelPeer(kannel),  # type: ignore[arg-type]
            "cloud_mas": lambda: CloudMasPeer(platform),
            "smpp": lambda: SmppPeer(centre),
        }
        gateway = open_gateways(runtime)[name]
        meeting = Meeting(gateway, peers[name](), runtime, port)
        while not server.started or (isinstance(gateway, SmppGateway) and not gateway.linked):
            await asyncio.sleep(0.01)
        yield meeting
        stop.set()
        await asyncio.gather(serving, holding)


def an_account(platform: CloudMas, **other: Any) -> CloudMasSettings:
    """The settings that fit the platform."""
    return CloudMasSettings(ec_name=platform.ec_name, ap_id=platform.ap_id, sign="sIgN01", **other)
