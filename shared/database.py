"""One service's own database: engine, transactions and the few statements both dialects must agree on.

PostgreSQL for many processes; SQLite for one, with a single writer whose transactions share a commit. Knows no table
but the kernel's (`shared.ledger`), and commits only at the end of `transaction()`.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncTransaction,
    create_async_engine,
)
from sqlalchemy.orm import configure_mappers
from sqlalchemy.orm.attributes import manager_of_class

from shared import arrays, last_writes, outbox
from shared.columns import NAMING, BigId, JsonB, Timestamp, service_base
from shared.wakeups import Bell, Wakeups

__all__ = [
    "NAMING",
    "BigId",
    "Database",
    "JsonB",
    "Timestamp",
    "among",
    "as_loaded",
    "insert_new",
    "insert_rows",
    "is_unavailable",
    "plan_each_time",
    "service_base",
    "upsert",
    "values_of",
    "violates",
    "wake_after_commit",
]

M = TypeVar("M")

GROUP_LIMIT = 64
_TRANSIENT_SQLSTATES = {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "53300"}


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


class Database:
    """The database of one service in this process."""

    def __init__(self, url: str, service: str, *, wakeups: Wakeups | None = None, pool: int = 10) -> None:
        self.url, self.service = url, service
        self.wakeups = wakeups or Wakeups()
        self.dialect = "postgresql" if url.startswith("postgresql") else "sqlite"
        self._notifier: _Notifier | None = None
        if self.dialect == "postgresql":
            self.engine = _postgresql_engine(url, pool)
            self._readers = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._notifier = _Notifier(url, self.wakeups)
        else:
            Path(sa.make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
            self.engine = _sqlite_engine(url, pool_size=1)
            self._readers = _sqlite_engine(url, pool_size=8, read_only=True)
            self._writer = _GroupCommit(self.engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """All of the block or nothing: its rows, its events, then one commit, then the bells.

        Never await the network inside. Raises `OperationalError` when the database is away; nothing was written then.
        """
        opened = (
            self._transaction_on_postgresql() if self.dialect == "postgresql" else self._writer.transaction()
        )
        async with opened as session:
            session.info["service"] = self.service
            yield session
            outbox.hand_over(session)
            await last_writes.flush(session)
            bells = tuple(session.info.pop("bells", ()))
        if bells:
            names = [self._bell_name(bell) for bell in bells]
            self.wakeups.ring(*names)
            if self._notifier:
                self._notifier.announce(names)

    def bell(self, *names: str) -> Bell:
        """A waiter for the bells this service's transactions ring, in this process or, once `listen`ing, in any."""
        return Bell(self.wakeups, [self._bell_name(name) for name in names])

    def _bell_name(self, name: str) -> str:
        return f"{self.service}.{name}"

    @asynccontextmanager
    async def _transaction_on_postgresql(self) -> AsyncIterator[AsyncSession]:
        """The session asks for a connection when it first needs one; without any it costs next to nothing."""
        session = AsyncSession(self.engine, expire_on_commit=False)
        last_writes.may_stand_alone(session, self._readers)
        try:
            yield session
            if session.in_transaction():
                await session.commit()
        finally:
            if not last_writes.stood_alone(session):
                await asyncio.shield(asyncio.ensure_future(session.close()))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Queries only, each on its own snapshot; no transaction is held open."""
        async with AsyncSession(self._readers, expire_on_commit=False) as session:
            session.info["service"] = self.service
            yield session

    async def listen(self) -> None:
        """Ring this process's bells for commits made by other processes (PostgreSQL only)."""
        if self._notifier:
            self._notifier.listen()

    async def scrub(self) -> bool:
        """Take what was erased out of SQLite's log as well; False while somebody reads what is older.

        PostgreSQL sees to it in its own time (vacuum).
        """
        if self.dialect == "postgresql":
            return True
        return await asyncio.to_thread(_empty_the_log, sa.make_url(self.url).database or "")

    async def close(self) -> None:
        if self._notifier:
            await self._notifier.close()
        if self.dialect == "sqlite":
            await self._readers.dispose()
        await self.engine.dispose()


def wake_after_commit(session: AsyncSession, *names: str) -> None:
    """Ring these bells once the caller's transaction has committed, here and in the other processes."""
    session.info.setdefault("bells", set()).update(names)


def is_unavailable(error: BaseException) -> bool:
    """The database is away or asks to try again, as opposed to the statement being wrong."""
    if isinstance(error, IntegrityError):
        return False
    if isinstance(error, DBAPIError):
        state = getattr(getattr(error.orig, "__cause__", None), "sqlstate", None) or getattr(
            error.orig, "sqlstate", None
        )
        lost = error.connection_invalidated or (isinstance(error, OperationalError) and not _is_wrong(error))
        return lost or str(state or "")[:2] == "08" or state in _TRANSIENT_SQLSTATES
    return isinstance(error, sa.exc.TimeoutError | ConnectionError | OSError | TimeoutError)


def _is_wrong(error: OperationalError) -> bool:
    """SQLite calls a statement it cannot run (no such column, too many variables) an operational error as well."""
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def violates(error: IntegrityError, table: Any, name: str) -> bool:
    """Whether this error is the unique constraint or index `name` of `table` saying no."""
    cause = getattr(error.orig, "__cause__", None) or error.orig
    if constraint := getattr(cause, "constraint_name", None):
        return bool(constraint == name)
    target = _table(table)
    rules = [
        *target.indexes,
        *(c for c in target.constraints if isinstance(c, sa.UniqueConstraint | sa.PrimaryKeyConstraint)),
    ]
    columns = next((r.columns for r in rules if r.name == name), ())
    said = str(error.orig).partition("failed: ")[2]
    return {part.strip() for part in said.split(",")} == {f"{target.name}.{c.name}" for c in columns}


def _table(table: Any) -> sa.Table:
    return cast("sa.Table", getattr(table, "__table__", table))


def values_of(row: Any) -> dict[str, Any]:
    """A model object or a mapping as column values; attributes a model never set take their column defaults."""
    if type(row) is dict:  # the usual case in bulk, and cheap to ask
        return row
    return (
        dict(row) if isinstance(row, Mapping) else {c.name: getattr(row, c.name) for c in _table(row).columns}
    )


def as_loaded(model: type[M], /, **values: Any) -> M:
    """An object as if it had been read: for rows written past the unit of work and looked at afterwards.

    Columns that are not given take the model's defaults. Making one the ordinary way costs thirty times as much.
    """
    loaded: M = manager_of_class(model).new_instance()
    vars(loaded).update({**_defaults_of(cast("Any", model)), **values})
    return loaded


@lru_cache(maxsize=256)
def _defaults_of(model: Any) -> dict[str, Any]:
    configure_mappers()
    fields = model.model_fields.items()
    return {name: field.default for name, field in fields if not field.is_required()}


async def plan_each_time(session: AsyncSession) -> None:
    """For chunks of bulk work on tables that grow under it: PostgreSQL would keep the plan made when they were empty.

    Until the transaction ends its statements are planned as the tables are now. Nothing to do on SQLite.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))


async def insert_rows(session: AsyncSession, table: Any, rows: Iterable[Any]) -> None:
    """Insert many rows in one statement, past the unit of work: for paths that are hot or long."""
    values = [values_of(row) for row in rows]
    if not values:
        return
    if len(values) > 8 and session.get_bind().dialect.name == "postgresql":
        await _insert_arrays(session, _table(table), values)
    else:
        await session.execute(sa.insert(_table(table)), values)


async def upsert(
    session: AsyncSession,
    table: Any,
    rows: Iterable[Any],
    *,
    key: Sequence[str],
    update: Sequence[str] | None = None,
    newer_by: str | None = None,
) -> None:
    """Insert, or on the unique `key` update the columns `update` (all others when None, none when empty).

    With `newer_by` an existing row changes only when the new row's value there is greater, so that late and doubled
    rows change nothing. Two rows of one key in `rows` count as one, the newest (or last).
    """
    values = _latest((values_of(row) for row in rows), key, newer_by)
    if not values:
        return
    target, dialect = _table(table), session.get_bind().dialect.name
    changed = [c for c in values[0] if c not in key] if update is None else list(update)
    if dialect == "postgresql" and len(values) > 1:
        await _insert_arrays(session, target, values, key=key, update=changed, newer_by=newer_by)
        return
    insert = _insert(dialect, target)
    if changed:
        newer = target.c[newer_by] < insert.excluded[newer_by] if newer_by else None
        insert = insert.on_conflict_do_update(
            index_elements=list(key), set_={c: insert.excluded[c] for c in changed}, where=newer
        )
    else:
        insert = insert.on_conflict_do_nothing(index_elements=list(key))
    await session.execute(insert, values)


async def insert_new(
    session: AsyncSession, table: Any, rows: Iterable[Any], *, key: Sequence[str], any_index: bool = False
) -> set[Any]:
    """Insert the rows whose `key` is not there yet and return the keys that went in (tuples for several columns).

    With `any_index` a row stays out that meets another in whatever unique index.
    """
    values = [values_of(row) for row in rows]
    if not values:
        return set()
    target = _table(table)
    if session.get_bind().dialect.name == "postgresql":
        free = () if any_index else key
        answer = await _insert_arrays(session, target, values, key=free, returning=key, any_index=any_index)
        columns = [column or () for column in answer.one()]
        return set(columns[0]) if len(key) == 1 else set(zip(*columns, strict=True))
    lite = sqlite.insert(target).on_conflict_do_nothing(index_elements=None if any_index else list(key))
    new = (await session.execute(lite.returning(*(target.c[k] for k in key)), values)).all()
    return {row[0] for row in new} if len(key) == 1 else {tuple(row) for row in new}


def among(session: AsyncSession, column: Any, values: Iterable[Any]) -> sa.ColumnElement[bool]:
    """`column` is one of many values: on PostgreSQL an array, one plan and one value however many they are."""
    wanted = list(values)
    plain = getattr(column.type, "impl_instance", column.type)
    array = postgresql.ARRAY(sa.Text() if isinstance(plain, sa.String) else column.type)
    as_array: sa.ColumnElement[bool] = column == sa.any_(sa.bindparam(None, wanted, type_=array))
    as_list: sa.ColumnElement[bool] = column.in_(wanted)
    return as_array if session.get_bind().dialect.name == "postgresql" else as_list


def _insert(dialect: str, target: sa.Table) -> Any:
    return postgresql.insert(target) if dialect == "postgresql" else sqlite.insert(target)


async def _insert_arrays(
    session: AsyncSession,
    target: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str] = (),
    update: Sequence[str] = (),
    newer_by: str | None = None,
    returning: Sequence[str] = (),
    any_index: bool = False,
) -> sa.CursorResult[Any]:
    """Many rows on PostgreSQL in one statement; on the unique `key` nothing happens, or the columns `update` change.

    What is `returning` comes back as one row with an array a column: the driver reads that many times faster than rows.
    """
    connection, columns = await session.connection(), tuple(rows[0])
    dialect = connection.dialect
    statement = arrays.insert(dialect, target, columns)
    if key:
        statement += _on_conflict(dialect, target, tuple(key), tuple(update), newer_by)
    if any_index:
        statement += " ON CONFLICT DO NOTHING"
    if returning:
        wanted = ", ".join(f"array_agg({arrays.quoted(dialect, name)})" for name in returning)
        returned = arrays.names(dialect, returning)
        statement = f"WITH new AS ({statement} RETURNING {returned}) SELECT {wanted} FROM new"
    return await connection.exec_driver_sql(statement, arrays.values(dialect, target, columns, rows))


@lru_cache(maxsize=256)
def _on_conflict(
    dialect: sa.Dialect, target: sa.Table, key: tuple[str, ...], update: tuple[str, ...], newer_by: str | None
) -> str:
    clause = f" ON CONFLICT ({arrays.names(dialect, key)}) DO "
    if not update:
        return clause + "NOTHING"
    quoted = {name: arrays.quoted(dialect, name) for name in (*update, *([newer_by] if newer_by else ()))}
    clause += "UPDATE SET " + ", ".join(f"{quoted[c]} = excluded.{quoted[c]}" for c in update)
    if newer_by:
        newer = quoted[newer_by]
        clause += f" WHERE {arrays.quoted(dialect, target.name)}.{newer} < excluded.{newer}"
    return clause


def _latest(rows: Iterable[dict[str, Any]], key: Sequence[str], newer_by: str | None) -> list[dict[str, Any]]:
    latest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        identity = tuple(row[k] for k in key)
        known = latest.get(identity)
        if known is None or newer_by is None or row[newer_by] >= known[newer_by]:
            latest[identity] = row
    return list(latest.values())


def _postgresql_engine(url: str, pool: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        connect_args={
            "prepared_statement_cache_size": 500,
            "timeout": 5,
            "server_settings": {"jit": "off", "idle_in_transaction_session_timeout": "60s"},
        },
    )


def _sqlite_engine(url: str, *, pool_size: int, read_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(
        url,
        poolclass=sa.AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        json_serializer=_json,
        json_deserializer=orjson.loads,
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN and COMMIT are ours, not the driver's
        cursor = connection.cursor()
        # Changing to WAL does not wait for others; migrating has done it, and of us only the writer may.
        modes = ("query_only=ON",) if read_only else ("journal_mode=WAL", "secure_delete=ON")
        for pragma in ("busy_timeout=30000", "synchronous=FULL", "foreign_keys=ON", *modes):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _empty_the_log(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=1)) as connection:
        busy, _pages, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


class _GroupCommit:
    """SQLite's one writer. Transactions take turns as savepoints of one real transaction; the last in line commits it.

    A caller is released only once the commit that carries its savepoint is on disk; when that commit fails, all of
    the group fail. One fsync then serves as many requests as were waiting.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._members = 0
        self._connection: AsyncConnection | None = None
        self._real: AsyncTransaction | None = None
        self._committed: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        await self._take_turn()
        try:
            connection, committed = await self._joined()
            async with self._savepoint(connection) as session:
                yield session
            self._members += 1
        finally:
            try:
                if self._waiting == 0 or self._members >= GROUP_LIMIT or self._broken():
                    await self._close_group()
            finally:
                self._turn.release()
        await asyncio.shield(committed)

    async def _take_turn(self) -> None:
        """Wait in line. Whoever leaves it as the last while nobody is at work commits what the others left to him."""
        self._waiting += 1
        try:
            await self._turn.acquire()
        except asyncio.CancelledError:
            if self._waiting == 1 and not self._turn.locked():
                await self._close_group()
            raise
        finally:
            self._waiting -= 1

    @asynccontextmanager
    async def _savepoint(self, connection: AsyncConnection) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        async with session, session.begin():
            yield session

    async def _joined(self) -> tuple[AsyncConnection, "asyncio.Future[None]"]:
        if self._connection is None or self._committed is None:
            connection = await self._engine.connect()
            try:
                self._real = await connection.begin()
            except BaseException:
                await connection.close()
                raise
            self._connection, self._members = connection, 0
            self._committed = asyncio.get_running_loop().create_future()
            self._committed.add_done_callback(lambda f: f.cancelled() or f.exception())
        return self._connection, self._committed

    def _broken(self) -> bool:
        return self._connection is not None and self._connection.invalidated

    async def _close_group(self) -> None:
        connection, real, committed = self._connection, self._real, self._committed
        self._connection = self._real = self._committed = None
        if connection is None or real is None or committed is None:
            return
        try:
            await real.commit()
            committed.set_result(None)
        except BaseException as error:
            lost = OperationalError(
                "COMMIT", {}, error if isinstance(error, Exception) else Exception(repr(error))
            )
            committed.set_exception(lost)
            if not isinstance(error, Exception):
                raise
        finally:
            await connection.close()


class _Notifier:
    """Bells between processes over LISTEN/NOTIFY, outside the transactions (NOTIFY inside serialises their commits).

    Announcements are gathered while one is on its way; a lost one costs the waiter its timeout, nothing else.
    """

    CHANNEL = "hall_bells"

    GATHERED_SECONDS = 0.002

    def __init__(self, url: str, wakeups: Wakeups) -> None:
        self._dsn, self._wakeups = url.replace("+asyncpg", ""), wakeups
        self._names: set[str] = set()
        self._connection: Any = None
        self._sender: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None

    def announce(self, names: Iterable[str]) -> None:
        self._names.update(names)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def _send(self) -> None:
        """On a connection of its own, past the pool: bells ring with every commit and must cost next to nothing."""
        import asyncpg

        while self._names:
            await asyncio.sleep(self.GATHERED_SECONDS)
            names, self._names = self._names, set()
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._dsn, timeout=5)
                payload = ",".join(sorted(names))
                await self._connection.execute("SELECT pg_notify($1, $2)", self.CHANNEL, payload)
            except Exception:  # noqa: BLE001 - the waiters' timeouts cover a lost bell
                return

    def listen(self) -> None:
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        import asyncpg

        while True:
            try:
                connection = await asyncpg.connect(self._dsn, timeout=5)
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _c, lost=lost: lost.set())
                await connection.add_listener(self.CHANNEL, self._heard)
                await lost.wait()
            except Exception:  # noqa: BLE001 - whatever it was, the next attempt is in a second
                await asyncio.sleep(1)

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: Any) -> None:
        self._wakeups.ring(*str(payload).split(","))

    async def close(self) -> None:
        tasks = [t for t in (self._sender, self._listener) if t]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connection is not None:
            self._connection.terminate()
