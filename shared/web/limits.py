"""Limits at the door: how many requests a client may send in a minute, and how large a body may be."""

import re
import time
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TooManyRequests
from shared.runtime import Runtime
from shared.security.authentication import SESSION_COOKIE
from shared.web import problems
from shared.web.observed import QUIET

WINDOW = 60
BODY_LIMIT = 1 << 20
UPLOAD_LIMIT = 50 << 20
# Uploads hold numbers in clear: they stay in memory, and no temporary file ever has them.
MultiPartParser.spool_max_size = UPLOAD_LIMIT + BODY_LIMIT
_MOST_CLIENTS = 50_000


class Windows:
    """Requests counted per client in fixed windows, in this process's memory."""

    def __init__(self, quota: int, seconds: int = WINDOW) -> None:
        self.quota, self.seconds = quota, seconds
        self._counts: dict[str, int] = {}
        self._window = -1

    def hit(self, client: str, now: float) -> tuple[int, int]:
        """Count one request; what is left (negative: refused) and the seconds until the window turns."""
        window = int(now // self.seconds)
        if window != self._window or len(self._counts) > _MOST_CLIENTS:
            self._window, self._counts = window, {}
        count = self._counts[client] = self._counts.get(client, 0) + 1
        return self.quota - count, int((window + 1) * self.seconds - now) + 1


class RateLimit:
    """One quota for each verified client, a smaller one for each address that is not verified yet.

    Health and metrics are free. Headers follow draft-ietf-httpapi-ratelimit-headers-10.
    """

    def __init__(
        self,
        app: ASGIApp,
        runtime: Runtime,
        clock: Callable[[], float] = time.time,
        unlimited: tuple[str, ...] = (),
    ) -> None:
        self._app, self._verifier, self._clock, self._unlimited = app, runtime.verifier, clock, unlimited
        self._clients = Windows(runtime.settings.rate_limit_client)
        self._guests = Windows(runtime.settings.rate_limit_guest)
        self._free = {f"/{runtime.service}/{name}" for name in QUIET}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_free(scope["path"]):
            return await self._app(scope, receive, send)
        client = self._verified(scope)
        name, windows = ("client", self._clients) if client else ("guest", self._guests)
        left, turns_in = windows.hit(client or _address(scope), self._clock())
        added = [
            (b"ratelimit-policy", f'"{name}";q={windows.quota};w={windows.seconds}'.encode()),
            (b"ratelimit", f'"{name}";r={max(left, 0)};t={turns_in}'.encode()),
        ]

        async def send_limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        if left < 0:
            refusal = problems.respond_to(scope, TooManyRequests(retry_after=turns_in))
            return await refusal(scope, receive, send_limited)
        await self._app(scope, receive, send_limited)

    def _is_free(self, path: str) -> bool:
        return path in self._free or bool(self._unlimited and path.startswith(self._unlimited))

    def _verified(self, scope: Scope) -> str | None:
        """Only tokens already verified count as clients: inventing tokens opens no new quota."""
        for name, value in scope["headers"]:
            if name == b"authorization":
                known = self._verifier.remembered(value.decode("latin-1").partition(" ")[2].strip())
                return known.subject if known else None
            if name == b"cookie" and SESSION_COOKIE.encode() in value:
                known = self._verifier.remembered(_session_in(value.decode("latin-1")), "session")
                return known.subject if known else None
        return None


def _session_in(cookies: str) -> str:
    try:
        morsel = SimpleCookie(cookies).get(SESSION_COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


class BodyLimit:
    """1 MiB, or what the route says with `max_body_size`; counted while it streams, whatever its length claims."""

    def __init__(self, app: ASGIApp, routes: Callable[[], Iterable[Any]]) -> None:
        self._app, self._routes = app, routes
        self._larger: list[tuple[re.Pattern[str], set[str], int]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD"}:
            return await self._app(scope, receive, send)
        length = _declared_length(scope)
        if length is not None and length <= BODY_LIMIT:
            return await self._app(scope, receive, send)
        limit = self._limit_for(scope)
        if length is not None and length > limit:
            return await problems.http_problem(scope, 413)(scope, receive, send)
        await self._app(scope, _Counted(receive, limit), send)

    def _limit_for(self, scope: Scope) -> int:
        if self._larger is None:
            self._larger = [
                (context.path_regex, set(context.methods or ()), context.max_body_size)
                for context in iter_route_contexts(list(self._routes()))
                if getattr(context, "max_body_size", None)
            ]
        path, method = scope["path"], scope["method"]
        fitting = (most for regex, methods, most in self._larger if method in methods and regex.match(path))
        return next(fitting, BODY_LIMIT)


class _Counted:
    """A `receive` that stops at the limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left = receive, limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413)
        return message


def _declared_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None if scope["method"] in {"POST", "PUT", "PATCH"} else 0
