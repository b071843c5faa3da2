"""No silent query parameters: a misspelt filter must not return everything."""

from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from starlette.datastructures import QueryParams

from shared.errors import FieldError, Invalid

ANY_QUERY = {"x-any-query": True}
"""`openapi_extra` of a route that reads its query itself, such as a gateway's webhook."""


async def known_parameters_only(request: Request) -> None:
    """Dependency of every route; pages forgive, the API answers 422 `unknown-parameter`."""
    query = request.scope["query_string"]
    if not query or "/v1/" not in request.scope["path"]:
        return
    route = request.scope.get("route")
    names: dict[int, frozenset[str] | None] = request.app.state.query_names
    if id(route) not in names:
        names[id(route)] = _names(route)
    known = names[id(route)]
    if known is None:
        return
    unknown = [name for name in QueryParams(query) if name not in known]
    if unknown:
        allowed = "、".join(sorted(known)) or "无"
        detail = f"有不认识的查询参数，请去掉。可用的参数：{allowed}。"
        raise Invalid(errors=[FieldError("", "unknown-parameter", detail)])


def _names(route: Any) -> frozenset[str] | None:
    if route is None or "x-any-query" in (getattr(route, "openapi_extra", None) or {}):
        return None
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return None
    return frozenset(_query_names(dependant))


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        members = getattr(field.field_info.annotation, "model_fields", None)
        if members:
            yield from (member.alias or name for name, member in members.items())
        else:
            yield field.alias
    for inner in dependant.dependencies:
        yield from _query_names(inner)
