"""Many rows as one statement of PostgreSQL: INSERT … SELECT unnest($1), unnest($2) …, an array for each column.

One round trip and one plan whatever the number of rows. Written as text and handed to the driver: the toolkit's own
arrays look at every value twice.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.sqltypes import String

Process = Callable[[Any], Any]


@lru_cache(maxsize=512)
def insert(dialect: sa.Dialect, table: sa.Table, columns: tuple[str, ...]) -> str:
    """The statement up to where ON CONFLICT or RETURNING may follow; its values are `values`."""
    return f"{into(dialect, table, columns)} SELECT {', '.join(unnested(dialect, table, columns))}"


def values(
    dialect: sa.Dialect, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[Any], ...]:
    """One list a column, as the driver takes it."""
    found = zip(columns, processors(dialect, table, columns), strict=True)
    return tuple(
        [process(row[name]) for row in rows] if process else [row[name] for row in rows]
        for name, process in found
    )


def unnested(dialect: sa.Dialect, table: sa.Table, columns: tuple[str, ...], *, after: int = 0) -> list[str]:
    """`unnest($n::type[])` for each column, the places counted from `after`."""
    kinds = [_type_name(dialect, table.c[column].type) for column in columns]
    return [f"unnest(${place}::{kind}[])" for place, kind in enumerate(kinds, start=after + 1)]


def into(dialect: sa.Dialect, table: sa.Table, columns: Sequence[str]) -> str:
    return f"INSERT INTO {quoted(dialect, table.name)} ({names(dialect, columns)})"


def names(dialect: sa.Dialect, columns: Sequence[str]) -> str:
    return ", ".join(quoted(dialect, column) for column in columns)


def quoted(dialect: sa.Dialect, name: str) -> str:
    return dialect.identifier_preparer.quote(name)


@lru_cache(maxsize=1024)
def processors(dialect: sa.Dialect, table: sa.Table, columns: tuple[str, ...]) -> tuple[Process | None, ...]:
    """What makes of each column's value what the driver takes; None where that is the value itself."""
    return tuple(processor(dialect, table.c[column].type) for column in columns)


def processor(dialect: sa.Dialect, kind: sa.types.TypeEngine[Any]) -> Process | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _type_name(dialect: sa.Dialect, kind: sa.types.TypeEngine[Any]) -> str:
    """Texts without their length: a cast would cut them silently where the column refuses them."""
    plain = getattr(kind, "impl_instance", kind)
    return "text" if isinstance(plain, String) else str(kind.compile(dialect))
