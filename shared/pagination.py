"""Cursor pagination: stable order, opaque cursor holding the last row's order values, never an offset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
Order = Sequence[tuple[Any, Literal["asc", "desc"]]]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: at most `limit` rows after `cursor`."""

    limit: Annotated[int, Ge(1), Le(200)] = 50
    cursor: Annotated[str | None, MaxLen(2000)] = None


class Page(BaseModel, Generic[T]):
    """The answer of every list."""

    items: list[T]
    next_cursor: str | None = None


async def paginate(session: AsyncSession, statement: Select[Any], order: Order, page: PageRequest) -> Page[Any]:
    """Run the statement in that order (its last column must be unique) and give one page of it."""
    raise NotImplementedError
