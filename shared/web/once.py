"""`once: Once` in a route: the effect and the answer to its `Idempotency-Key` are stored in one transaction."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile
from starlette.responses import Response

from shared import clock, idempotency
from shared.database import Database
from shared.errors import HallError
from shared.idempotency import Answer, AnsweredMeanwhile, IdempotencyInProgress, IdempotencyKeyReused
from shared.security.authentication import authenticate
from shared.web.etags import etag as tag_of

KEPT_HEADERS = ("content-type", "etag", "location")
CHUNK = 1 << 20


class StoredAnswer(Exception):
    """Ends a request whose answer is already known; the application sends `response`."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("stored answer")


class OnceOnly:
    """One request that must have its effect once, whoever sends it again and however often."""

    def __init__(self, request: Request, client: str, key: str) -> None:
        self._request, self._client = request, client
        # Hashed, since callers like to build keys from telephone numbers, and those are not stored in clear.
        self._key = hashlib.sha256(key.encode()).hexdigest()
        self._database: Database = request.app.state.runtime.database
        self._running: set[tuple[str, str]] = request.app.state.running_keys
        self._answer: Response | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """The service's transaction. Raises the stored answer when this key has one, 409 while the first is at it.

        Nothing is looked up beforehand, which would cost every first request a round trip: a repeated request does
        its work again, meets its own earlier effect or its own stored answer, and is rolled back.
        """
        fingerprint = await self._fingerprint()
        with self._alone():
            try:
                async with self._database.transaction() as session:
                    yield session
                    self._keep(session, fingerprint)
            except (HallError, IntegrityError, AnsweredMeanwhile) as refusal:
                await self._replay_if_known(fingerprint)
                if isinstance(refusal, AnsweredMeanwhile):
                    raise IdempotencyInProgress from None
                raise

    async def replay_if_known(self) -> None:
        """Raise the stored answer if there is one already: for long work that comes before the transaction."""
        await self._replay_if_known(await self._fingerprint())

    def answer(
        self,
        status: int,
        body: Any,
        *,
        etag: int | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The response, stored when the block closes (not when it is an error). `body`: Pydantic model or JSON-able."""
        self._answer = json_response(status, body, etag=etag, headers=headers)
        return self._answer

    @contextmanager
    def _alone(self) -> Iterator[None]:
        mine = (self._client, self._key)
        if mine in self._running:
            raise IdempotencyInProgress
        self._running.add(mine)
        try:
            yield
        finally:
            self._running.discard(mine)

    def _keep(self, session: AsyncSession, fingerprint: str) -> None:
        if self._answer is None:
            raise RuntimeError("once.answer() was not called inside once.transaction()")
        if self._answer.status_code >= 400:
            return
        headers = {name: self._answer.headers[name] for name in KEPT_HEADERS if name in self._answer.headers}
        kept = Answer(fingerprint, self._answer.status_code, headers, bytes(self._answer.body))
        idempotency.keep(session, self._client, self._key, kept, now=clock.now())

    async def _replay_if_known(self, fingerprint: str) -> None:
        async with self._database.reading() as session:
            known = await idempotency.find(session, self._client, self._key, now=clock.now())
        if known is not None:
            raise self._replay(known, fingerprint)

    def _replay(self, known: Answer, fingerprint: str) -> Exception:
        if known.fingerprint != fingerprint:
            return IdempotencyKeyReused()
        headers = {**known.headers, "idempotency-replayed": "true"}
        return StoredAnswer(Response(known.body, known.status, headers))

    async def _fingerprint(self) -> str:
        request = self._request
        kind = request.headers.get("content-type", "")
        body = await (_form_digest(request) if kind.startswith("multipart/") else request.body())
        return idempotency.fingerprint(request.method, request.url.path, request.scope["query_string"], body)


async def _form_digest(request: Request) -> bytes:
    """Names, values and file contents, but not the multipart boundary, which changes with every attempt."""
    digest = hashlib.sha256()
    for name, value in (await request.form()).multi_items():
        digest.update(orjson.dumps([name, value.filename if isinstance(value, UploadFile) else value]))
        if isinstance(value, UploadFile):
            await value.seek(0)
            while chunk := await value.read(CHUNK):
                digest.update(chunk)
            await value.seek(0)
    return digest.digest()


def json_response(
    status: int, body: Any, *, etag: int | str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response with its entity tag."""
    content = (
        body.model_dump_json().encode() if isinstance(body, BaseModel) else orjson.dumps(body, default=_plain)
    )
    sent = dict(headers or {})
    if etag is not None:
        sent["etag"] = tag_of(etag)
    return Response(content, status, sent, media_type="application/json")


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


async def once_only(request: Request) -> OnceOnly:
    """Dependency: who is asking, then the key; 401 comes before 400."""
    caller = await authenticate(request)
    key = request.headers.get("idempotency-key", "").strip()
    if not key:
        raise idempotency.IdempotencyKeyRequired
    if len(key) > idempotency.LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise idempotency.IdempotencyKeyInvalid
    return OnceOnly(request, caller.subject, key)


Once = Annotated[OnceOnly, Depends(once_only)]
