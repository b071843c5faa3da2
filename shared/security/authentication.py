"""From a request to a verified `Caller`: a Bearer token, or for pages the session cookie (then with a CSRF proof)."""

from fastapi import Request

from shared import context
from shared.errors import Unauthenticated
from shared.security import csrf, revocation
from shared.security.tenancy import Caller

SESSION_COOKIE = "hall_session"


async def authenticate(request: Request) -> Caller:
    """The caller, once per request; 401 when there is none, 403 when a cookie's unsafe request lacks its CSRF proof."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is not None:
        return known
    header = request.headers.get("authorization")
    caller = await (_by_header(request, header) if header else _by_cookie(request))
    request.state.caller = caller
    context.actor.set(caller.subject)
    return caller


async def caller_or_none(request: Request) -> Caller | None:
    """For pages that greet both guests and those signed in."""
    try:
        return await authenticate(request)
    except Unauthenticated:
        return None


async def _by_header(request: Request, header: str) -> Caller:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    caller: Caller = await request.app.state.runtime.verifier.verify(token.strip(), "access")
    return caller


async def _by_cookie(request: Request) -> Caller:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        raise Unauthenticated
    caller: Caller = await request.app.state.runtime.verifier.verify(token, "session")
    async with request.app.state.runtime.database.reading() as session:
        await revocation.refuse_ended(session, caller)
    await csrf.check(request, token)
    return caller
