"""`requires("customers:write")`: the dependency that turns a request into a verified `Caller` who holds the scope."""

from typing import Any

from fastapi import Depends, Request

from shared.errors import Forbidden
from shared.security.authentication import authenticate
from shared.security.tenancy import Caller


class Requires:
    """A callable per scope, so that the OpenAPI document can tell which scope a route needs."""

    def __init__(self, scope: str | None) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Caller:
        caller = await authenticate(request)
        if self.scope is not None and self.scope not in caller.scopes:
            raise Forbidden(scope=self.scope)
        return caller


def requires(scope: str | None = None) -> Any:
    """Use as `Annotated[Caller, requires("tickets:read")]`; without a scope anybody signed in will do."""
    return Depends(Requires(scope))
