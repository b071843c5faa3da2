"""Posting receipts and replies, signed, again and again until the house takes them."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import structlog
from standardwebhooks.webhooks import Webhook

from deploy.simulator.settings import SimulatorSettings
from deploy.simulator.store import Posting, Store
from shared import clock, ids
from shared.keyring import KeyRing
from shared.phones import PhoneBook

log = structlog.get_logger(__name__)

BATCH = 100
LONGEST_NAP = 60.0
RETRY_SECONDS = (0.5, 1, 2, 5, 10, 30)


class Poster:
    """One loop; a batch of receipts is one request, a reply is a request of its own."""

    def __init__(
        self, store: Store, settings: SimulatorSettings, keyring: KeyRing, http: httpx.AsyncClient
    ) -> None:
        self._store, self._settings, self._http = store, settings, http
        self._webhook = Webhook(keyring.secret("gateway:simulator"))
        self._phones = PhoneBook(keyring)
        self._dice = random.Random(settings.seed)  # noqa: S311
        self.woken = asyncio.Event()
        self.forge = settings.forge

    async def run(self) -> None:
        """Post what is due, sleep until the next, for ever."""
        while True:
            self.woken.clear()
            if not await self.step():
                await self._nap()

    async def step(self) -> int:
        """Post one batch; how many things were in it."""
        due = self._store.due(clock.now().timestamp(), BATCH)
        for kind in ("receipts", "inbound"):
            batch = [posting for posting in due if posting.kind == kind]
            if batch:
                await self._post(kind, batch)
        return len(due)

    async def _post(self, kind: str, batch: Sequence[Posting]) -> None:
        body = orjson.dumps([self._opened(orjson.loads(posting.body)) for posting in batch]).decode()
        url = f"{self._settings.callback_url}/messaging/v1/gateways/simulator/{kind}"
        try:
            answer = await self._http.post(url, content=body, headers=self._signed(body), timeout=15)
            taken = answer.is_success
        except httpx.TransportError:
            taken = False
        if taken:
            self._store.posted(batch)
            return
        wait = RETRY_SECONDS[min(max(p.attempts for p in batch), len(RETRY_SECONDS) - 1)]
        self._store.again(batch, clock.now().timestamp() + wait)
        log.info("simulator.posting_refused", kind=kind, count=len(batch))

    def _opened(self, body: dict[str, Any]) -> dict[str, Any]:
        sealed = body.pop("from_enc", None)
        return body if sealed is None else {**body, "from": self._phones.open(sealed)}

    def _signed(self, body: str) -> dict[str, str]:
        message_id, at = f"msg_{ids.uuid7().hex}", datetime.now(UTC)
        signed = body if self._dice.random() >= self.forge else f"{body} "
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(message_id, at, signed),
        }

    async def _nap(self) -> None:
        due = self._store.next_due()
        seconds = LONGEST_NAP if due is None else max(0.01, due - clock.now().timestamp())
        try:
            async with asyncio.timeout(min(LONGEST_NAP, seconds)):
                await self.woken.wait()
        except TimeoutError:
            return
