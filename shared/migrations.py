"""Alembic for the house: every service has its own migrations, run in its own database by one runner.

On PostgreSQL a lock lets one process migrate while the others wait; a statement that cannot get its table in time fails
instead of stopping the shop.
"""

import asyncio
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from shared.ledger import KERNEL

LOCK = 0x68616C6C  # "hall": the advisory lock of whoever migrates


def config_of(service: str, url: str) -> Config:
    """Alembic's configuration for one service's database."""
    config = Config()
    folder = Path(str(import_module(f"services.{service}").__file__)).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "newline")
    config.attributes["url"] = url
    return config


def upgrade(service: str, url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; twice is once. Call outside a running event loop, or in a thread."""
    if url.startswith("sqlite"):
        _ready_for_many_readers(Path(sa.make_url(url).database or ""))
    command.upgrade(config_of(service, url), revision)


def _ready_for_many_readers(path: Path) -> None:
    """WAL is kept in the file; set before anybody else is there, since changing to it waits for nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def downgrade(service: str, url: str, revision: str = "base") -> None:
    command.downgrade(config_of(service, url), revision)


def head(service: str) -> str | None:
    return ScriptDirectory.from_config(config_of(service, "")).get_current_head()


def run(metadata: sa.MetaData) -> None:
    """What every `migrations/env.py` calls with its service's tables."""
    asyncio.run(_run(context.config.attributes["url"], [metadata, KERNEL]))


async def _run(url: str, metadata: list[sa.MetaData]) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata)
    await engine.dispose()


def _migrate(connection: sa.Connection, metadata: list[sa.MetaData]) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        transaction_per_migration=False,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            connection.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
        context.run_migrations()
    connection.commit()


def create_kernel_tables(op: Any) -> None:
    """Outbox, inbox, dead letters, idempotency keys, jobs, leases: the first migration of every service calls this."""
    for table in _first_tables():
        _create(op, table)


def drop_kernel_tables(op: Any) -> None:
    for table in reversed(_first_tables()):
        op.drop_table(table.name)


def create_kernel_table(op: Any, name: str) -> None:
    """A kernel table that came after the first ones: one later migration of every service calls this."""
    _create(op, KERNEL.tables[name])


def _first_tables() -> list[sa.Table]:
    return [table for table in KERNEL.sorted_tables if "since" not in table.info]


def _create(op: Any, table: sa.Table) -> None:
    copy = table.to_metadata(sa.MetaData(naming_convention=KERNEL.naming_convention))
    copy.create(op.get_bind())
