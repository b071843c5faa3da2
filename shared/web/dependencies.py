"""What routes ask for: `Here`, `Once`, `PageQuery`, `IfMatch`, and a `Caller` through `requires`."""

from typing import Annotated, cast

from fastapi import Depends, Request

from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.scopes import requires
from shared.security.tenancy import Caller
from shared.web.etags import ExpectedVersion, expected_version, version_stated
from shared.web.once import Once

__all__ = ["AnyCaller", "Here", "IfMatch", "IfMatchToChange", "Once", "PageQuery", "requires"]


async def _runtime(request: Request) -> Runtime:
    return cast("Runtime", request.app.state.runtime)


Here = Annotated[Runtime, Depends(_runtime)]
AnyCaller = Annotated[Caller, requires()]
PageQuery = Annotated[PageRequest, Depends()]
IfMatch = Annotated[ExpectedVersion, Depends(expected_version)]
IfMatchToChange = Annotated[ExpectedVersion, Depends(version_stated)]
