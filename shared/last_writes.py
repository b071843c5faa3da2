"""Rows that nobody reads before the commit, all written by the transaction's last statement.

On PostgreSQL that is one round trip for any number of tables and rows. Where nothing else was asked of the database it
is the whole transaction: one statement is atomic without BEGIN and COMMIT. On SQLite it is one statement a table.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn

from shared import arrays

_REFUSED = re.compile(r'"refused (\d+)"')


@dataclass(frozen=True, slots=True)
class Guard:
    """What happens to a row that is there already.

    `clause` is an ON CONFLICT clause of both dialects whose `{0}`, if it has one, stands for `value`; when it lets in
    fewer rows than were given, `refusal` is raised and nothing of the transaction remains. A refusal that first has to
    look is a function of the session.
    """

    clause: str
    refusal: Exception | Callable[[AsyncSession], Awaitable[Exception]]
    value: Any = None
    value_type: sa.types.TypeEngine[Any] | None = None

    def bound(self, dialect: sa.Dialect) -> list[Any]:
        """The value as the driver takes it, or nothing."""
        if self.value_type is None:
            return []
        process = arrays.processor(dialect, self.value_type)
        return [process(self.value) if process else self.value]


class _Refused(Exception):
    def __init__(self, guard: Guard) -> None:
        self.guard = guard


@dataclass(slots=True)
class _Write:
    table: sa.Table
    columns: tuple[str, ...]
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    guard: Guard | None = None

    @property
    def shape(self) -> "_Shape":
        return self.table, self.columns, self.guard.clause if self.guard else "", len(self.rows) == 1

    def values(self, dialect: sa.Dialect) -> list[Any]:
        """For the driver: an array a column, or plain values where there is one row, which costs both ends less."""
        columns = arrays.values(dialect, self.table, self.columns, self.rows)
        return [column[0] for column in columns] if len(self.rows) == 1 else list(columns)


_Shape = tuple[sa.Table, tuple[str, ...], str, bool]


def add(
    session: AsyncSession, table: Any, rows: Iterable[Mapping[str, Any]], guard: Guard | None = None
) -> None:
    """Write these rows (all of the same columns) when the caller's transaction ends; errors are raised there too."""
    target, pending = getattr(table, "__table__", table), session.info.setdefault("last_writes", {})
    for row in rows:
        columns = tuple(row)
        write = pending.get((target, columns))
        if write is None:
            write = pending[target, columns] = _Write(target, columns, guard=guard)
        write.rows.append(row)


def may_stand_alone(session: AsyncSession, autocommitting: AsyncEngine) -> None:
    """Allow the last statement to be the only one: then it needs no transaction around it."""
    session.info["alone"] = autocommitting


def stood_alone(session: AsyncSession) -> bool:
    """Whether the session never came to hold a connection."""
    return "alone" in session.info


@sa.event.listens_for(Session, "after_begin")
def _not_alone_any_more(session: Session, _transaction: Any, _connection: Any) -> None:
    session.info.pop("alone", None)


async def flush(session: AsyncSession) -> None:
    """Write what was added. The transaction calls this before its commit."""
    pending = session.info.pop("last_writes", None)
    if not pending:
        return
    if session.in_transaction():
        await session.flush()
    alone: AsyncEngine | None = session.info.get("alone")
    try:
        if alone is not None:
            await _write_alone(alone, list(pending.values()))
        else:
            await _write(await session.connection(), list(pending.values()))
    except _Refused as refused:
        refusal = refused.guard.refusal
        raise (refusal if isinstance(refusal, Exception) else await refusal(session)) from None


async def _write(connection: AsyncConnection, writes: Sequence[_Write]) -> None:
    if connection.dialect.name != "postgresql":
        return await _write_in_turn(connection, writes)
    statement, values = _together(connection.dialect, writes, None)
    counts = (await connection.exec_driver_sql(statement, values)).one()
    for write, count in zip((w for w in writes if w.guard), counts, strict=False):
        _check(write, count)


async def _write_alone(autocommitting: AsyncEngine, writes: Sequence[_Write]) -> None:
    """A guard that refuses fails the statement, so that nothing of it remains."""
    wanted = tuple(len(write.rows) if write.guard else 0 for write in writes)
    statement, values = _together(autocommitting.dialect, writes, wanted)

    def execute() -> None:
        with autocommitting.sync_engine.connect() as connection:
            connection.exec_driver_sql(statement, values)

    try:
        await greenlet_spawn(execute)
    except DBAPIError as error:
        if refused := _REFUSED.search(str(error.orig)):
            guard = writes[int(refused[1])].guard
            raise (_Refused(guard) if guard else error) from None
        raise


def _together(
    dialect: sa.Dialect, writes: Sequence[_Write], wanted: tuple[int, ...] | None
) -> tuple[str, tuple[Any, ...]]:
    """One statement for all, with its values."""
    values: list[Any] = []
    for write in writes:
        values += write.values(dialect)
        if write.guard:
            values += write.guard.bound(dialect)
    return _statement(dialect, tuple(write.shape for write in writes), wanted), tuple(values)


async def _write_in_turn(connection: AsyncConnection, writes: Sequence[_Write]) -> None:
    for write in writes:
        columns = arrays.values(connection.dialect, write.table, write.columns, write.rows)
        rows = list(zip(*columns, strict=True))
        places = ", ".join("?" * len(write.columns))
        statement = f"{arrays.into(connection.dialect, write.table, write.columns)} VALUES ({places})"
        if write.guard:
            value = write.guard.bound(connection.dialect)
            statement, rows = (
                f"{statement} {write.guard.clause.format('?')}",
                [(*row, *value) for row in rows],
            )
        # All rows in one go: with aiosqlite every statement is a journey to another thread and back.
        result = await connection.exec_driver_sql(statement, rows if len(rows) > 1 else rows[0])
        _check(write, result.rowcount)


def _check(write: _Write, count: int) -> None:
    if write.guard and count < len(write.rows):
        raise _Refused(write.guard)


@lru_cache(maxsize=256)
def _statement(dialect: sa.Dialect, shapes: tuple[_Shape, ...], wanted: tuple[int, ...] | None) -> str:
    """WITH w0 AS (INSERT … SELECT unnest …), w1 AS (INSERT … VALUES …) SELECT how many rows the guarded ones let in.

    With `wanted` the statement fails by itself, saying which guard it was, when one lets in fewer than that.
    """
    parts, counts, place = [], [], 0
    for number, (table, columns, clause, single) in enumerate(shapes):
        places = [f"${place + n}" for n in range(1, len(columns) + 1)]
        rows = f"VALUES ({', '.join(places)})"
        if not single:
            rows = f"SELECT {', '.join(arrays.unnested(dialect, table, columns, after=place))}"
        place += len(columns)
        insert = f"{arrays.into(dialect, table, columns)} {rows}"
        if clause:
            place += "{0}" in clause
            insert += f" {clause.format(f'${place}')} RETURNING 1"
            count = f"(SELECT count(*) FROM w{number})"
            counts.append(count if wanted is None else _failing(number, f"{count} < {wanted[number]}"))
        parts.append(f"w{number} AS ({insert})")
    return f"WITH {', '.join(parts)} SELECT {', '.join(counts) or '0'}"


def _failing(number: int, condition: str) -> str:
    """NULL, or the error that `_REFUSED` recognises: a text that is no number."""
    return f"CAST('refused ' || CASE WHEN {condition} THEN '{number}' END AS integer)"
