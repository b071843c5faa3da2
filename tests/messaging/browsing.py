"""Somebody signed in at the messaging service's pages, without a browser."""

from collections.abc import Callable
from typing import Any

import httpx
from fastapi import FastAPI

from shared.keyring import KeyRing
from shared.security import csrf, tokens
from shared.security.authentication import SESSION_COOKIE

BASE = "http://hall.test"
Window = Callable[..., "Visitor"]


class Visitor:
    """A session cookie instead of a token; forms carry the CSRF token of the session."""

    def __init__(
        self, app: FastAPI, keyring: KeyRing, role: str, *, subject: str | None = None, **place: Any
    ) -> None:
        session = tokens.issue(
            keyring,
            subject=subject or f"{role}-person",
            role=role,
            issuer=BASE,
            lifetime=600,
            use="session",
            **place,
        )
        self._token = csrf.token_for(session)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=BASE, cookies={SESSION_COOKIE: session},
            headers={"accept": "text/html"},
        )  # fmt: skip

    async def see(self, path: str, *, part: bool = False) -> str:
        """The page in words; `part` as htmx asks for it."""
        answer = await self.http.get(path, headers={"hx-request": "true"} if part else {})
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return answer.text

    async def send(self, path: str, **fields: Any) -> httpx.Response:
        return await self.http.post(path, data={csrf.FIELD: self._token, **fields})

    async def follow(self, answer: httpx.Response) -> str:
        assert answer.status_code == 303, answer.text
        return await self.see(answer.headers["location"])
