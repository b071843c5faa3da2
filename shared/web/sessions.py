"""The cookie that keeps a person signed in: a signed token like any other, but good for pages only."""

from datetime import timedelta

from starlette.responses import Response

from shared.runtime import Runtime
from shared.security import tokens
from shared.security.authentication import SESSION_COOKIE

LIFETIME = timedelta(hours=10)


def start(
    response: Response,
    runtime: Runtime,
    *,
    subject: str,
    role: str,
    county: str | None,
    hall: str | None,
    name: str,
    version: int = 0,
    lifetime: timedelta = LIFETIME,
) -> None:
    """Sign the browser in for a working day at most."""
    token = tokens.issue(
        runtime.keyring,
        subject=subject,
        role=role,
        county=county,
        hall=hall,
        name=name,
        issuer=runtime.settings.public_url,
        lifetime=int(lifetime.total_seconds()),
        use="session",
        session_version=version,
    )
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(lifetime.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=runtime.settings.secure_cookies,
    )


def end(response: Response, runtime: Runtime) -> None:
    """Forget the session in this browser."""
    response.delete_cookie(
        SESSION_COOKIE, httponly=True, samesite="lax", secure=runtime.settings.secure_cookies
    )
