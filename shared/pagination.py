"""Cursor pagination: a stable order and an opaque cursor that holds the last row's order values; never an offset."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa
from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import FieldError, Invalid

T = TypeVar("T")
R = TypeVar("R")
CHECKSUM = 6

Direction = Literal["asc", "desc"]
Order = Sequence[tuple[Any, Direction]]

_FROM_TEXT: dict[type, Any] = {
    UUID: UUID, datetime: datetime.fromisoformat, date: date.fromisoformat, Decimal: Decimal,
}  # fmt: skip


class CursorInvalid(Invalid):
    code = "cursor-invalid"
    title = "翻页游标无效"
    detail = "翻页游标无效，请从第一页重新开始，并原样使用返回的 next_cursor。"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: at most `limit` rows after `cursor`."""

    limit: Annotated[int, Ge(1), Le(200)] = 50
    cursor: Annotated[str | None, MaxLen(2000)] = None


class Page(BaseModel, Generic[T]):
    """The answer of every list."""

    items: list[T]
    next_cursor: str | None = None

    def map(self, read: Callable[[T], R]) -> "Page[R]":
        """The same page with every row turned into what is shown of it."""
        return Page[Any](items=[read(item) for item in self.items], next_cursor=self.next_cursor)


async def paginate(
    session: AsyncSession, statement: sa.Select[Any], order: Order, page: PageRequest
) -> Page[Any]:
    """One page of the statement in that order.

    The order's columns are never null and end with a unique one. A statement that selects one thing gives that thing
    as item, any other gives rows, whose first columns are the statement's.
    """
    single = len(statement.column_descriptions) == 1
    columns = [column for column, _direction in order]
    if page.cursor is not None:
        statement = statement.where(_after(order, _decode(page.cursor, order)))
    ordered = [column.asc() if direction == "asc" else column.desc() for column, direction in order]
    found = (
        await session.execute(statement.add_columns(*columns).order_by(*ordered).limit(page.limit + 1))
    ).all()
    shown = found[: page.limit]
    more = len(found) > page.limit
    items = [row[0] if single else row for row in shown]
    return Page[Any](items=items, next_cursor=_encode(shown[-1][-len(order) :], order) if more else None)


def _after(order: Order, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Rows behind the cursor: one row comparison where all directions agree, which an index can serve."""
    bound = [
        sa.bindparam(None, value, type_=column.type)
        for (column, _d), value in zip(order, values, strict=True)
    ]
    if len({direction for _c, direction in order}) == 1:
        here, there = sa.tuple_(*(column for column, _d in order)), sa.tuple_(*bound)
        return here > there if order[0][1] == "asc" else here < there
    steps = []
    for i, (column, direction) in enumerate(order):
        same = [order[j][0] == bound[j] for j in range(i)]
        steps.append(sa.and_(*same, column > bound[i] if direction == "asc" else column < bound[i]))
    return sa.or_(*steps)


def _encode(values: Sequence[Any], order: Order) -> str:
    body = orjson.dumps([*values], default=str)
    return base64.urlsafe_b64encode(_checksum(order, body) + body).rstrip(b"=").decode()


def _decode(cursor: str, order: Order) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        genuine = raw[:CHECKSUM] == _checksum(order, raw[CHECKSUM:])
        values = orjson.loads(raw[CHECKSUM:]) if genuine else ()
        return [_typed(column, value) for (column, _d), value in zip(order, values, strict=True)]
    except (ValueError, TypeError, ArithmeticError) as error:
        wrong = FieldError("/cursor", CursorInvalid.code, CursorInvalid.detail)
        raise CursorInvalid(errors=[wrong]) from error


def _checksum(order: Order, body: bytes) -> bytes:
    """Binds a cursor to its list: it is no secret, the caller's area is in the query anyway."""
    names = ",".join(f"{column}:{direction}" for column, direction in order)
    return hashlib.sha256(names.encode() + b"\n" + body).digest()[:CHECKSUM]


def _typed(column: Any, value: Any) -> Any:
    kind = getattr(column.type, "impl_instance", column.type).python_type
    return _FROM_TEXT[kind](value) if kind in _FROM_TEXT else value
