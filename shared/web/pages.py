"""Server-rendered pages: one layout, the capabilities' own templates, a flash message, problems a person can read."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from shared.clock import SHANGHAI
from shared.errors import FieldError
from shared.runtime import Runtime
from shared.security import csrf
from shared.security.authentication import SESSION_COOKIE
from shared.web import navigation

KERNEL_TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
FLASH_COOKIE = "hall_flash"
SIGN_IN = "/customer/signin"


def install(app: FastAPI, runtime: Runtime, service_folder: Path | None) -> None:
    """Find the templates of the service's capabilities and serve the static files."""
    found = sorted(service_folder.glob("*/templates")) if service_folder else []
    environment = Environment(
        loader=FileSystemLoader([KERNEL_TEMPLATES, *found]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(local=_local, day=_day)
    environment.globals.update(
        static=lambda name: _static_url(runtime.service, name), role_names=navigation.ROLE_NAMES
    )
    app.state.pages = environment
    app.mount(f"/{runtime.service}/static", _Forever(directory=STATIC), name="static")


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page (or, for htmx, a part of one) with who is signed in, the menu, the CSRF token and the flash message."""
    caller = getattr(request.state, "caller", None)
    secret, visitor = _secret(request)
    said = _flash_of(request)
    content = request.app.state.pages.get_template(template).render(
        {
            "request": request,
            "path": request.url.path,
            "caller": caller,
            "places": navigation.places_for(caller),
            "csrf_token": csrf.token_for(secret),
            "csrf_field": Markup('<input type="hidden" name="{}" value="{}">').format(
                csrf.FIELD, csrf.token_for(secret)
            ),
            "flash": said,
            **values,
        }
    )
    response = HTMLResponse(content, status, {"cache-control": "no-store", **(headers or {})})
    if visitor:
        _set_cookie(request, response, csrf.VISITOR_COOKIE, visitor)
    if said:
        response.delete_cookie(FLASH_COOKIE)
    return response


def see_other(request: Request, url: str, *, say: str | None = None, tone: str = "good") -> Response:
    """After a form: go and look there. `say` is shown once on the next page; tone is good, warn or bad."""
    if wants_part(request):
        response: Response = Response(status_code=204, headers={"hx-redirect": url})
    else:
        response = RedirectResponse(url, 303)
    if say:
        text = base64.urlsafe_b64encode(orjson.dumps({"text": say, "tone": tone})).decode()
        _set_cookie(request, response, FLASH_COOKIE, text, max_age=60)
    return response


def safe_next(url: str | None, fallback: str) -> str:
    """A path inside this house, never another site: what `?next=` may lead to."""
    odd = not url or not url.startswith("/") or url.startswith("//") or "\\" in url or not url.isprintable()
    return fallback if odd or url is None else url


def wants_part(request: Request) -> bool:
    """htmx asked, and will put the answer into a page that is open already."""
    return request.headers.get("hx-request") == "true"


def wants_page(scope: Scope) -> bool:
    """A browser that asked for a page, as opposed to a client of the API."""
    if "/v1/" in scope["path"] or "/.well-known/" in scope["path"]:
        return False
    wanted = [value for name, value in scope["headers"] if name in {b"accept", b"hx-request"}]
    return any(b"text/html" in value or value == b"true" for value in wanted)


def problem_page(
    scope: Scope,
    status: int,
    code: str,
    title: str,
    detail: str,
    wrong: Sequence[FieldError],
    headers: Mapping[str, str],
) -> Response:
    """The problem in words; whoever is not signed in goes to sign in and comes back."""
    request = Request(scope)
    if status == 401:
        return _to_sign_in(request)
    part = wants_part(request)
    return render(
        request,
        "problem_part.html" if part else "problem.html",
        status=status,
        headers={**headers, "hx-retarget": "#notice", "hx-reswap": "innerHTML"} if part else headers,
        problem={"status": status, "code": code, "title": title, "detail": detail, "errors": wrong},
        request_id=scope.get("state", {}).get("request_id"),
    )


def _to_sign_in(request: Request) -> Response:
    part = wants_part(request)
    back = request.scope["path"] if request.method == "GET" and not part else None
    if back and (query := request.scope["query_string"].decode("latin-1")):
        back = f"{back}?{query}"
    url = f"{SIGN_IN}?{urlencode({'next': back}, quote_via=quote)}" if back else SIGN_IN
    return see_other(request, url)


def _secret(request: Request) -> tuple[str, str | None]:
    """What keys the CSRF token, and a visitor cookie to set when there is nothing yet."""
    session = request.cookies.get(SESSION_COOKIE)
    if session and getattr(request.state, "caller", None) is not None:
        return session, None
    known = request.cookies.get(csrf.VISITOR_COOKIE)
    if known:
        return known, None
    fresh = secrets.token_urlsafe(32)
    return fresh, fresh


def _flash_of(request: Request) -> dict[str, str] | None:
    try:
        said = orjson.loads(base64.urlsafe_b64decode(request.cookies.get(FLASH_COOKIE, "")))
        return {"text": str(said["text"])[:500], "tone": str(said["tone"])}
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def _set_cookie(
    request: Request, response: Response, name: str, value: str, *, max_age: int | None = None
) -> None:
    secure = request.app.state.runtime.settings.secure_cookies
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax", secure=secure)


def _local(at: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    return at.astimezone(SHANGHAI).strftime(form) if at else ""


def _day(at: datetime | None) -> str:
    return _local(at, "%Y-%m-%d")


@cache
def _stamp(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def _static_url(service: str, name: str) -> str:
    return f"/{service}/static/{name}?v={_stamp(name)}"


class _Forever(StaticFiles):
    """Static files whose address changes with their content, so browsers may keep them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["mount"] = "static"
        await super().__call__(scope, receive, send)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
