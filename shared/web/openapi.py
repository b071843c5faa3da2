"""The OpenAPI document, with what FastAPI cannot see: scopes, idempotency keys, versions and problem documents."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.runtime import Runtime
from shared.security.scopes import Requires
from shared.web.etags import expected_version
from shared.web.once import once_only

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "errors", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "中文说明，可直接给用户看"},
        "code": {"type": "string", "description": "稳定的英文代码，供程序判断"},
        "request_id": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_DEFAULT = {
    "description": "问题说明（RFC 9457）",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def install(app: FastAPI, runtime: Runtime) -> None:
    """Serve the document at `/<service>/openapi.json`; it is built once, when first asked for."""
    prefix = f"/{runtime.service}/v1/"

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app, prefix)
        return app.openapi_schema

    async def openapi(_request: Request) -> Response:
        return JSONResponse(document())

    app.openapi = document  # type: ignore[method-assign]
    app.add_route(f"/{runtime.service}/openapi.json", openapi, include_in_schema=False)


def _document(app: FastAPI, prefix: str) -> dict[str, Any]:
    routes = [
        c for c in iter_route_contexts(app.routes) if str(getattr(c, "path_format", "")).startswith(prefix)
    ]
    document = get_openapi(title=app.title, version=app.version, routes=routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for context in routes:
        for method in getattr(context, "methods", None) or ():
            operation = document["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                _complete(operation, getattr(context, "dependant", None))
    return document


def _complete(operation: dict[str, Any], dependant: Dependant | None) -> None:
    operation.setdefault("responses", {}).pop("422", None)
    operation["responses"]["default"] = _DEFAULT
    for call in _calls(dependant):
        if isinstance(call, Requires):
            operation["security"] = [{"bearer": [call.scope] if call.scope else []}]
        elif call is once_only:
            _header(operation, "Idempotency-Key", "本次操作的唯一编号，重试时不变", 255)
        elif call is expected_version:
            _header(operation, "If-Match", "读取时得到的 ETag", 200)


def _header(operation: dict[str, Any], name: str, text: str, longest: int) -> None:
    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    parameter = {"name": name, "in": "header", "required": True, "description": text, "schema": schema}
    operation.setdefault("parameters", []).append(parameter)


def _calls(dependant: Dependant | None) -> Iterator[Any]:
    for inner in dependant.dependencies if dependant else ():
        yield inner.call
        yield from _calls(inner)
