"""The simulator's HTTP: submit, ask, list, answer as a phone, and change how it misbehaves."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import orjson
from httpx_aiohttp import AiohttpTransport
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from deploy.serving import Server, stop_on_signals
from deploy.simulator import fate
from deploy.simulator.posting import Poster
from deploy.simulator.settings import Faults, SimulatorSettings
from deploy.simulator.store import Posting, Store, Taken
from services.messaging.templates.rules import segments
from shared import clock, ids
from shared.errors import HallError
from shared.keyring import KeyRing
from shared.phones import InvalidPhone, PhoneBook
from shared.security.tokens import RingKeys, Verifier
from shared.settings import Settings, load
from shared.web.limits import Windows

PREFIX = "/simulator/v1"
PORT = 8005
OFFICE = ("regional_office", "admin")
Endpoint = Callable[["Simulator", Request], Awaitable[Response]]
MOST_LISTED = 1000


class Submit(BaseModel):
    """One message to one number."""

    id: UUID
    to: Annotated[str, StringConstraints(max_length=20)] = Field(repr=False)
    sender: Annotated[str, StringConstraints(max_length=40)] = Field(alias="from")
    text: Annotated[str, StringConstraints(min_length=1, max_length=670)]


class Reply(BaseModel):
    """A phone writes back."""

    sender: Annotated[str, StringConstraints(max_length=20)] = Field(alias="from", repr=False)
    text: Annotated[str, StringConstraints(min_length=1, max_length=670)]
    to: Annotated[str, StringConstraints(max_length=40)] = "106575"
    at: AwareDatetime | None = None


class Desk:
    """Who may look at what was taken, answer as a phone, and set faults: the holder of the simulator's own token, and
    the office with the house's.
    """

    def __init__(self, keyring: KeyRing) -> None:
        self._token, self._verifier = control_token(keyring).encode(), Verifier(RingKeys(keyring))

    async def admits(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        if hmac.compare_digest(given.encode(), self._token):
            return True
        try:
            return (await self._verifier.verify(given)).role in OFFICE
        except HallError:
            return False


def control_token(keyring: KeyRing) -> str:
    """What `hall simulator --token` prints."""
    return keyring.secret("simulator:control")


def _guarded(endpoint: Endpoint) -> Endpoint:
    """401 for everybody but the desk."""

    async def guarded(self: "Simulator", request: Request) -> Response:
        if not await self.desk.admits(request):
            return _problem(401, "unauthenticated")
        return await endpoint(self, request)

    return guarded


class Simulator:
    """The endpoints over one store."""

    def __init__(self, store: Store, settings: SimulatorSettings, keyring: KeyRing, poster: Poster) -> None:
        self._store, self._poster, self._faults = store, poster, settings.faults()
        self._phones = PhoneBook(keyring)
        self._token = f"Bearer {keyring.secret('gateway:simulator:submit')}".encode()
        self._second = Windows(int(settings.rate or 0), seconds=1)
        self.desk = Desk(keyring)

    def routes(self) -> list[Route]:
        return [
            Route(f"{PREFIX}/messages", self.submit, methods=["POST"]),
            Route(f"{PREFIX}/messages", self.list, methods=["GET"]),
            Route(f"{PREFIX}/messages/{{message_id}}", self.ask, methods=["GET"]),
            Route(f"{PREFIX}/inbound", self.reply, methods=["POST"]),
            Route(f"{PREFIX}/faults", self.faults, methods=["GET"]),
            Route(f"{PREFIX}/faults", self.change_faults, methods=["PUT"]),
        ]

    async def submit(self, request: Request) -> Response:
        """202 taken, 422 refused for good, 429 too fast: nothing is taken with the last two."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._token):
            return _problem(401, "unauthenticated")
        if self._too_fast():
            return JSONResponse({"code": "throttled"}, 429, {"retry-after": "1"})
        try:
            body = Submit.model_validate_json(await request.body())
            phone = self._phones.seal(body.to)
        except (ValidationError, InvalidPhone):
            return _problem(422, "submission-invalid")
        now, gateway_id, parts = clock.now(), ids.uuid7().hex, segments(body.text)
        fated = fate.decide(self._faults, str(body.id), gateway_id, phone.index, parts, now)
        if fated.rejected:
            return _problem(422, "rejected")
        taken = Taken(
            id=str(body.id), gateway_message_id=gateway_id, to_hash=phone.index, to_masked=phone.masked,
            sender=body.sender, text=body.text, segments=parts, status=fated.status,
            accepted_at=now.isoformat(), final_at=fated.final_at.isoformat(),
        )  # fmt: skip
        start = now.timestamp()
        postings = [
            Posting(start + after, "receipts", orjson.dumps(r).decode()) for after, r in fated.receipts
        ]
        known = self._store.take(taken, postings)
        self._poster.woken.set()
        if fated.stalled:
            await asyncio.sleep(self._faults.stall_seconds)
        return JSONResponse({"id": known, "status": "accepted"}, 202)

    async def ask(self, request: Request) -> Response:
        """What is known of a message by our client's id; 404 `message-not-found` when it was never taken."""
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._token):
            return _problem(401, "unauthenticated")
        row = self._store.message(request.path_params["message_id"])
        if row is None:
            return _problem(404, "message-not-found")
        final = datetime.fromisoformat(row["final_at"]) <= clock.now()
        return JSONResponse(
            {
                "message_id": row["id"],
                "gateway_message_id": row["gateway_message_id"],
                "status": row["status"] if final else "accepted",
                "at": row["final_at"] if final else row["accepted_at"],
            }
        )

    @_guarded
    async def list(self, request: Request) -> Response:
        """Everything taken after `since`: a `seq` of this list, or a moment with offset. Numbers are masked."""
        try:
            seq, since = _since(request.query_params.get("since", "0"))
            limit = min(MOST_LISTED, max(1, int(request.query_params.get("limit", MOST_LISTED))))
        except ValueError:
            return _problem(422, "since-invalid")
        now = clock.now()
        items = [_shown(row, now) for row in self._store.messages_after(seq, since, limit)]
        return JSONResponse(
            {"items": items, "next": items[-1]["seq"] if items else seq, "end": len(items) < limit}
        )

    @_guarded
    async def reply(self, request: Request) -> Response:
        """Post a message from a phone to the house."""
        try:
            body = Reply.model_validate_json(await request.body())
            sender = self._phones.seal(body.sender)
        except (ValidationError, InvalidPhone):
            return _problem(422, "reply-invalid")
        at = body.at or clock.now()
        inbound = {
            "id": ids.uuid7().hex, "from_enc": sender.enc, "to": body.to, "text": body.text, "at": at.isoformat(),
        }  # fmt: skip
        self._store.post_later([Posting(clock.now().timestamp(), "inbound", orjson.dumps(inbound).decode())])
        self._poster.woken.set()
        return JSONResponse({"id": inbound["id"]}, 202)

    @_guarded
    async def faults(self, _request: Request) -> Response:
        return JSONResponse(self._faults.model_dump())

    @_guarded
    async def change_faults(self, request: Request) -> Response:
        """Misbehave like this from now on; what is left out goes back to good behaviour."""
        try:
            self._faults = Faults.model_validate_json(await request.body())
        except ValidationError:
            return _problem(422, "faults-invalid")
        self._second = Windows(int(self._faults.rate or 0), seconds=1)
        self._poster.forge = self._faults.forge
        return JSONResponse(self._faults.model_dump())

    def _too_fast(self) -> bool:
        if self._faults.rate is None:
            return False
        left, _seconds = self._second.hit("", clock.now().timestamp())
        return left < 0


@asynccontextmanager
async def opened(house: Settings, settings: SimulatorSettings | None = None) -> AsyncIterator[ASGIApp]:
    """The simulator at work on the house's data folder and keys, until the block ends."""
    settings = settings or SimulatorSettings.of(house)
    if not settings.enabled:
        yield Starlette()
        return
    keyring = KeyRing.load_or_create(house.keyring_path)
    store = Store(house.data / "simulator.sqlite3")
    async with httpx.AsyncClient(transport=AiohttpTransport()) as http:
        poster = Poster(store, settings, keyring, http)
        posting = asyncio.create_task(poster.run())
        try:
            yield Starlette(routes=Simulator(store, settings, keyring, poster).routes())
        finally:
            posting.cancel()
            with suppress(asyncio.CancelledError):
                await posting
            store.close()


async def serve(host: str, port: int, seed: int | None = None) -> None:
    """The simulator as a process of its own, until a signal."""
    house, stop = load(Settings), stop_on_signals()
    settings = SimulatorSettings.of(house)
    settings = settings.model_copy(update={"seed": settings.seed if seed is None else seed, "enabled": True})
    async with opened(house, settings) as room:
        await Server(room, host=host, port=port, grace=house.drain_seconds).serve_until(stop)


def app() -> ASGIApp:
    """For `uvicorn --factory deploy.simulator:app`."""
    return _OpenedByLifespan(load(Settings))


class _OpenedByLifespan:
    """The program: opened when the server starts, closed when it stops."""

    def __init__(self, house: Settings) -> None:
        self._house, self._room = house, Starlette()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            return await self._room(scope, receive, send)
        await receive()
        async with opened(self._house) as room:
            self._room = room  # type: ignore[assignment]
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return None


def _shown(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    final = datetime.fromisoformat(row.pop("final_at")) <= now
    return {**row, "status": row["status"] if final else "accepted"}


def _since(text: str) -> tuple[int, str]:
    """A sequence number, or a moment; the other one is open. Raises ValueError."""
    if text.isdigit():
        return int(text), ""
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset")
    return 0, moment.astimezone(UTC).isoformat()


def _problem(status: int, code: str) -> Response:
    return JSONResponse({"code": code}, status)
