"""`/<service>/docs`: the interface in a page without scripts, from the same OpenAPI document."""

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from shared.runtime import Runtime
from shared.web import pages


def install(app: FastAPI, runtime: Runtime) -> None:
    """Serve the page."""

    async def docs(request: Request) -> Response:
        document = app.openapi()
        return pages.render(
            request,
            "docs.html",
            title=app.title,
            source=f"/{runtime.service}/openapi.json",
            operations=_operations(document),
        )

    app.add_route(f"/{runtime.service}/docs", docs, include_in_schema=False)


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            scopes = [s for entry in operation.get("security", []) for s in entry.get("bearer", [])]
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": _written(operation.get("summary", "")),
                    "description": operation.get("description", ""),
                    "scopes": scopes,
                    "parameters": operation.get("parameters", []),
                    "body": _body_of(operation),
                }
            )
    return found


def _written(summary: str) -> str:
    """Summaries FastAPI makes up from function names say nothing the path does not say."""
    return "" if summary.isascii() else summary


def _body_of(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    kinds = [f"{kind} {_name(part.get('schema', {}))}".strip() for kind, part in content.items()]
    return "；".join(kinds)


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
