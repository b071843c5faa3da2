"""Pydantic's findings as problem members: JSON pointers, stable codes and Chinese, without the values themselves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from starlette.responses import Response

from shared.errors import FieldError, Invalid, MalformedRequest

_DETAIL: dict[str, str] = {
    "missing": "缺少这一项。",
    "extra_forbidden": "没有这一项，请去掉。",
    "string_too_short": "至少 {min_length} 个字符。",
    "string_too_long": "最多 {max_length} 个字符。",
    "string_pattern_mismatch": "格式不对。",
    "too_short": "至少 {min_length} 项。",
    "too_long": "最多 {max_length} 项。",
    "greater_than": "应大于 {gt}。",
    "greater_than_equal": "应不小于 {ge}。",
    "less_than": "应小于 {lt}。",
    "less_than_equal": "应不大于 {le}。",
    "multiple_of": "应为 {multiple_of} 的整数倍。",
    "enum": "应为以下之一：{expected}。",
    "literal_error": "应为以下之一：{expected}。",
    "timezone_aware": "时间应带时区，例如 2026-11-25T09:00:00+08:00。",
}
_BY_PREFIX: tuple[tuple[str, str], ...] = (
    ("string", "应为文字。"),
    ("int", "应为整数。"),
    ("float", "应为数字。"),
    ("decimal", "应为十进制数字，注意位数。"),
    ("bool", "应为 true 或 false。"),
    ("uuid", "应为 UUID。"),
    ("datetime", "应为 RFC 3339 时间，例如 2026-11-25T09:00:00+08:00。"),
    ("timezone", "应为 RFC 3339 时间，例如 2026-11-25T09:00:00+08:00。"),
    ("date", "应为日期，例如 2026-11-25。"),
    ("time", "应为时间或时长。"),
    ("list", "应为列表。"),
    ("set", "应为列表。"),
    ("dict", "应为对象。"),
    ("model", "应为 JSON 对象。"),
    ("dataclass", "应为 JSON 对象。"),
    ("url", "应为网址。"),
    ("json", "不是有效的 JSON。"),
    ("union_tag", "类型标识不对。"),
)
_SAFE_CONTEXT = frozenset({"min_length", "max_length", "gt", "ge", "lt", "le", "multiple_of", "expected"})
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def respond(request: Request, error: RequestValidationError) -> Response:
    """415 when the body came as the wrong kind, 400 when it is not JSON, 422 for all that is merely wrong."""
    from shared.web import problems

    found = error.errors()
    if _wrong_kind(request, found):
        return problems.http_problem(request.scope, 415)
    if any(item["type"] == "json_invalid" for item in found):
        return problems.respond_to(request.scope, MalformedRequest())
    return problems.respond_to(request.scope, Invalid(errors=[field_error(item) for item in found]))


def field_error(item: Mapping[str, Any]) -> FieldError:
    """One finding. Our own validators may raise `ValueError("中文说明")`; it must not quote the value."""
    kind = str(item["type"])
    return FieldError(_pointer(item["loc"]), kind.replace("_", "-"), _detail(kind, item))


def _pointer(place: Sequence[Any]) -> str:
    """`("body", "consents", 0)` → `/consents/0`; query, path and header parameters keep their name only."""
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in place[1:]]
    return "".join(f"/{part}" for part in parts)


def _detail(kind: str, item: Mapping[str, Any]) -> str:
    context = {k: _plain(v) for k, v in (item.get("ctx") or {}).items() if k in _SAFE_CONTEXT}
    message = str(item.get("msg", "")).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind in {"value_error", "assertion_error"} and _CHINESE.search(message):
        return message
    if kind in _DETAIL:
        try:
            return _DETAIL[kind].format(**context).replace("'", "").replace(" or ", "、")
        except KeyError:
            return "内容不对。"
    return next((text for prefix, text in _BY_PREFIX if kind.startswith(prefix)), "内容不对。")


def _plain(limit: Any) -> Any:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _wrong_kind(request: Request, found: Sequence[Mapping[str, Any]]) -> bool:
    field = getattr(request.scope.get("route"), "body_field", None)
    if field is None or not any(item["loc"][:1] == ("body",) for item in found):
        return False
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-length") == "0" and not sent:
        return False
    if isinstance(field.field_info, Form):
        return sent not in {"multipart/form-data", "application/x-www-form-urlencoded"}
    return not (sent == "application/json" or (sent.startswith("application/") and sent.endswith("+json")))
