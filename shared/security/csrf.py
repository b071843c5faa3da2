"""Proof that a form was served by us: an HMAC keyed with the browser's own secret cookie, which no other site can read.

Before sign-in that cookie is a random visitor cookie, afterwards the session cookie itself; no shared secret is needed.
"""

import hashlib
import hmac

from fastapi import Request
from starlette.datastructures import UploadFile

from shared.errors import Forbidden

FIELD, HEADER = "csrf_token", "x-csrf-token"
VISITOR_COOKIE = "hall_visitor"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class CsrfRejected(Forbidden):
    code = "csrf-rejected"
    title = "页面已过期"
    detail = "页面已过期或不是从本系统打开的，请刷新页面后重新提交。"


def token_for(secret: str) -> str:
    """The token that belongs to a secret cookie's value."""
    return hmac.new(secret.encode(), b"hall-csrf-1", hashlib.sha256).hexdigest()


async def check(request: Request, secret: str | None) -> None:
    """Raise `CsrfRejected` unless the request is safe or carries the token in its form or header."""
    if request.method in _SAFE:
        return
    offered = request.headers.get(HEADER) or await _from_form(request)
    if not secret or not hmac.compare_digest(offered.encode(), token_for(secret).encode()):
        raise CsrfRejected


async def visitor(request: Request) -> None:
    """Dependency of forms that are posted before anybody is signed in."""
    await check(request, request.cookies.get(VISITOR_COOKIE))


async def _from_form(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return ""
    value = (await request.form()).get(FIELD, "")
    return "" if isinstance(value, UploadFile) else value
