"""The outermost layer: request id in and out, trace, access log, meters, security headers and the last resort."""

import re
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import context, ids, logging, telemetry
from shared.runtime import Runtime

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_LIKE_A_PHONE = re.compile(r"(?<!\d)(?:86)?1[3-9]\d{9}(?!\d)")
_POLICY = (
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
_SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
QUIET = ("livez", "readyz", "metrics")


class Observed:
    """Pure ASGI; knows the route's template, never logs a path, a query or a body."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app, self._service, self._metrics = app, runtime.service, runtime.metrics
        self._traced = runtime.settings.otlp_endpoint is not None
        self._quiet = {f"/{runtime.service}/{name}" for name in QUIET}
        self._headers = list(_SECURITY_HEADERS)
        if runtime.settings.secure_cookies:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given, parent = _headers_of(scope)
        request_id = given or ids.uuid7().hex
        scope.setdefault("state", {})["request_id"] = request_id
        watch = _Watch(send, [*self._headers, (b"x-request-id", request_id.encode())])
        with context.working_for(correlation=request_id), self._trace(scope, parent):
            try:
                await self._app(scope, receive, watch)
            except Exception as error:  # noqa: BLE001 - the last resort
                await _last_resort(error, scope, receive, watch)
            finally:
                self._note(scope, watch)

    def _trace(self, scope: Scope, parent: str | None) -> AbstractContextManager[Any]:
        if parent is None and not self._traced:
            return nullcontext()
        return telemetry.continued(f"{scope['method']} {self._service}", parent, SpanKind.SERVER)

    def _note(self, scope: Scope, watch: "_Watch") -> None:
        seconds = time.perf_counter() - watch.started
        route, method = route_of(scope), scope["method"]
        self._metrics.http_requests.labels(self._service, method, route, watch.status).inc()
        self._metrics.http_seconds.labels(self._service, method, route).observe(seconds)
        if scope["path"] not in self._quiet and route != "static":
            logging.line(
                __name__, "request.finished", service=self._service, method=method, route=route,
                status=watch.status, ms=round(seconds * 1000, 1),
            )  # fmt: skip


class _Watch:
    """A `send` that notes the status and adds the headers every answer carries."""

    __slots__ = ("_added", "_send", "started", "status")

    def __init__(self, send: Send, added: list[tuple[bytes, bytes]]) -> None:
        self._send, self._added = send, added
        self.status, self.started = 0, time.perf_counter()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *self._added]}
        await self._send(message)


def route_of(scope: Scope) -> str:
    """The template of the route that answered, so that ids never become labels."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    if isinstance(path, str):
        return path
    name = getattr(scope.get("endpoint"), "__name__", None)
    return name if isinstance(name, str) else scope.get("state", {}).get("mount", "unmatched")


async def _last_resort(error: Exception, scope: Scope, receive: Receive, watch: _Watch) -> None:
    from shared.web import problems

    if (
        watch.status
    ):  # too late for another answer: cut the connection, so that nobody takes the half for the whole
        log.error("request.broken_off", route=route_of(scope), exc_info=error)
        raise error
    await problems.unexpected(scope, error)(scope, receive, watch)


def _headers_of(scope: Scope) -> tuple[str | None, str | None]:
    """The caller's request id, unless it is odd or could be somebody's number, and the caller's trace."""
    given = parent = None
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
        elif name == b"traceparent":
            parent = value.decode("latin-1")
    if given is not None and (not _REQUEST_ID.fullmatch(given) or _LIKE_A_PHONE.search(given)):
        given = None
    return given, parent
