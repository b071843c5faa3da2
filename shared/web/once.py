"""`once: Once` in a route: the effect and the answer to its `Idempotency-Key` are stored in one transaction."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response


class OnceOnly:
    """One request that must have its effect once."""

    def __init__(self, request: Request, key: str) -> None:
        self._request, self._key = request, key

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """The runtime's transaction; raises the stored answer when this key has one."""
        raise NotImplementedError
        yield

    def answer(
        self,
        status: int,
        body: Any,
        *,
        etag: int | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Build the response, to be stored when the block closes. `body` is a Pydantic model or JSON-able."""
        raise NotImplementedError


async def _once(request: Request) -> OnceOnly:
    raise NotImplementedError


Once = Annotated[OnceOnly, Depends(_once)]
