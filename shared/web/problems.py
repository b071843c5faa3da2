"""Problem documents (RFC 9457) for everything that goes wrong, in Chinese, never echoing what the caller sent."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from shared import errors
from shared.bus.port import BusUnavailable
from shared.database import is_unavailable
from shared.errors import FieldError, HallError
from shared.security.tokens import InvalidToken
from shared.web import pages, validation
from shared.web.once import StoredAnswer

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

_STATUS: tuple[tuple[type[HallError], int], ...] = (
    (errors.MalformedRequest, 400),
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.PreconditionFailed, 412),
    (errors.Invalid, 422),
    (errors.PreconditionRequired, 428),
    (errors.TooManyRequests, 429),
    (errors.Unavailable, 503),
)

_HTTP: dict[int, tuple[str, str, str]] = {
    400: ("malformed-request", "请求格式错误", "请求无法读取，请检查格式后重新提交。"),
    401: ("unauthenticated", "未登录", errors.Unauthenticated.detail),
    403: ("forbidden", "没有权限", errors.Forbidden.detail),
    404: ("not-found", "未找到", "没有这个地址或内容，请核对后重试。"),
    405: ("method-not-allowed", "不支持的操作", "这个地址不支持此种请求方法，允许的方法见 Allow 响应头。"),
    406: ("not-acceptable", "无法按要求的格式返回", "无法按 Accept 请求头要求的格式返回。"),
    413: (
        "content-too-large",
        "内容过大",
        "提交的内容超过大小限制（一般 1 MiB，导入文件 50 MiB），请减小后重新提交。",
    ),
    415: (
        "unsupported-media-type",
        "内容类型不支持",
        "请使用接口要求的 Content-Type（一般为 application/json）。",
    ),
}


def status_of(error: HallError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def respond_to(scope: Scope, error: HallError) -> Response:
    """The answer to an expected error."""
    headers = {}
    if "retry_after" in error.extras:
        headers["retry-after"] = str(error.extras["retry_after"])
    if isinstance(error, errors.Unauthenticated):
        reason = ' error="invalid_token"' if isinstance(error, InvalidToken) else ""
        headers["www-authenticate"] = f'Bearer realm="hall"{"," if reason else ""}{reason}'
    return problem(
        scope,
        status_of(error),
        error.code,
        error.title,
        error.message,
        wrong=getattr(error, "errors", ()),
        extras=error.extras,
        headers=headers,
    )


def problem(
    scope: Scope,
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    wrong: Sequence[FieldError] = (),
    extras: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document, or a page when a browser asked for a page."""
    request_id = scope.get("state", {}).get("request_id")
    if pages.wants_page(scope):
        return pages.problem_page(scope, status, code, title, detail, wrong, headers or {})
    content = {
        **(extras or {}),
        "type": f"urn:hall:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in wrong],
        "request_id": request_id,
    }
    sent = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(content, default=str), status, sent, media_type=MEDIA_TYPE)


def http_problem(scope: Scope, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a bare HTTP status."""
    fallback = ("http-error", HTTPStatus(status).phrase, "请求没有成功，请检查后重试。")
    code, title, detail = _HTTP.get(status, fallback)
    return problem(scope, status, code, title, detail, headers=headers)


def unexpected(scope: Scope, error: Exception) -> Response:
    """Away: 503. Data no column can take: 422. Anything else is our fault: 500, told to the log and to nobody else."""
    if is_unavailable(error) or isinstance(error, BusUnavailable):
        log.warning("request.unavailable", reason=type(error).__name__)
        return respond_to(scope, errors.Unavailable(retry_after=2))
    if _cannot_be_stored(error):
        log.warning("request.not_storable", reason=type(error).__name__)
        return respond_to(scope, errors.Invalid())
    log.error("request.failed", exc_info=error)
    return respond_to(scope, HallError())


def _cannot_be_stored(error: Exception) -> bool:
    """A NUL or a lone surrogate in a text, a number beyond the column: schemas should have caught it."""
    if isinstance(error, sa.exc.DBAPIError):
        cause = getattr(error.orig, "__cause__", None) or error.orig
        return str(getattr(cause, "sqlstate", "") or "").startswith("22") or isinstance(cause, OverflowError)
    return isinstance(error, OverflowError | UnicodeEncodeError)


def install(app: FastAPI) -> None:
    """Give the application one answer for each kind of error."""

    async def hall_error(request: Request, error: HallError) -> Response:
        return respond_to(request.scope, error)

    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return validation.respond(request, error)

    async def http_error(request: Request, error: HTTPException) -> Response:
        return http_problem(request.scope, error.status_code, error.headers)

    async def stored(_request: Request, error: StoredAnswer) -> Response:
        return error.response

    async def away(request: Request, error: Exception) -> Response:
        return unexpected(request.scope, error)

    handlers: dict[Any, Any] = {
        HallError: hall_error,
        RequestValidationError: invalid,
        HTTPException: http_error,
        StoredAnswer: stored,
        sa.exc.SQLAlchemyError: away,
        BusUnavailable: away,
        OSError: away,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
