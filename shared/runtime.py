"""Everything one service needs at run time, opened once per process and handed to its app and its worker."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from shared import telemetry
from shared.bus.embedded import EmbeddedBus
from shared.bus.kafka import KafkaBus
from shared.bus.port import Bus
from shared.database import Database
from shared.keyring import KeyFile, KeyRing
from shared.metrics import Metrics
from shared.phones import PhoneBook
from shared.security.tokens import IssuerKeys, RingKeys, Verifier
from shared.settings import Settings
from shared.wakeups import Wakeups


@dataclass
class Runtime:
    """One service in this process: its settings, its database, the bus, the keys. `draining` turns readiness off."""

    service: str
    settings: Settings
    database: Database
    bus: Bus
    keyring: KeyRing
    phones: PhoneBook
    verifier: Verifier
    metrics: Metrics
    http: httpx.AsyncClient
    owns_bus: bool = True
    draining: bool = field(default=False)
    opened: dict[str, Any] = field(default_factory=dict, repr=False)
    """What a service opens once for its app and its worker together, by name."""

    @property
    def wakeups(self) -> Wakeups:
        return self.database.wakeups

    @classmethod
    def open(
        cls, service: str, settings: Settings, *, bus: Bus | None = None, wakeups: Wakeups | None = None
    ) -> "Runtime":
        """Read the keys and make the connections' pools; nothing is connected yet."""
        wakeups = wakeups or Wakeups()
        keyring = _keys(settings)
        http = httpx.AsyncClient(transport=AiohttpTransport(), timeout=httpx.Timeout(10))
        telemetry.configure(service, settings.otlp_endpoint)
        return cls(
            service=service,
            settings=settings,
            database=Database(
                settings.database_url_of(service), service, wakeups=wakeups, pool=settings.database_pool
            ),
            bus=bus or open_bus(settings, service, wakeups),
            keyring=keyring,
            phones=PhoneBook(keyring, KeyFile(settings.keyring_path)),
            verifier=Verifier(
                IssuerKeys(settings.issuer_url, http) if settings.issuer_url else RingKeys(keyring)
            ),
            metrics=Metrics(),
            http=http,
            owns_bus=bus is None,
        )

    async def close(self) -> None:
        await self.http.aclose()
        if self.owns_bus:
            await self.bus.close()
        await self.database.close()


def _keys(settings: Settings) -> KeyRing:
    """The key ring; a house in one process makes its own on the first start, processes apart must be given one."""
    path = settings.keyring_path
    return KeyRing.load_or_create(path) if settings.bus_url == "embedded" else KeyRing.load(path)


def open_bus(settings: Settings, client: str, wakeups: Wakeups) -> Bus:
    """The bus the settings name."""
    if settings.bus_url == "embedded":
        return EmbeddedBus(settings.data / "bus.sqlite3", wakeups=wakeups)
    return KafkaBus(
        settings.bus_servers,
        partitions=settings.topic_partitions,
        replication=settings.topic_replication,
        client=f"hall-{client}",
    )
