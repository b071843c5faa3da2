"""`create_app`: the HTTP application of one service, with everything the house promises of every service."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from shared.runtime import Runtime
from shared.web import docs, health, openapi, pages, problems
from shared.web.heads import HeadAsGet
from shared.web.limits import BodyLimit, RateLimit
from shared.web.observed import Observed
from shared.web.parameters import known_parameters_only

__all__ = ["create_app"]


def create_app(
    runtime: Runtime,
    title: str,
    routers: Iterable[APIRouter],
    *,
    templates: Path | None = None,
    lifespan: Any = None,
    unlimited: tuple[str, ...] = (),
) -> FastAPI:
    """Routes carry their full path. `templates` is the service's folder: pages find `<capability>/templates` in it.

    Paths that begin with one of `unlimited` have no quota: what is posted there is lost when it is refused.
    """
    app = FastAPI(
        title=title,
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        dependencies=[Depends(known_parameters_only)],
    )
    app.state.runtime = runtime
    app.state.running_keys, app.state.query_names = set(), {}
    for router in routers:
        app.include_router(router)
    problems.install(app)
    health.install(app, runtime)
    openapi.install(app, runtime)
    docs.install(app, runtime)
    pages.install(app, runtime, templates)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, routes=lambda: app.routes)
    app.add_middleware(RateLimit, runtime=runtime, unlimited=unlimited)
    app.add_middleware(Observed, runtime=runtime)
    return app
