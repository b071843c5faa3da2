"""Every service's migrations go up, down and up again on both databases, and their end equals the tables in code."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from shared import migrations
from shared.ledger import KERNEL
from shared.settings import SERVICES
from tests.engines import databases, tables

VERSIONS = "alembic_version"
pytestmark = [pytest.mark.both_databases, pytest.mark.parametrize("service", SERVICES)]


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path) -> Iterator[str]:
    if database_kind == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite3"
    else:
        url = databases.empty_postgresql()
        yield url
        databases.drop_postgresql(url)


def test_migrations_go_up_down_and_up_again(service: str, empty_url: str) -> None:
    migrations.upgrade(service, empty_url)
    first = reflected(empty_url, shape_of_tables)
    migrations.downgrade(service, empty_url)
    assert set(reflected(empty_url, shape_of_tables)) <= {VERSIONS}
    migrations.upgrade(service, empty_url)
    assert reflected(empty_url, shape_of_tables) == first


def test_the_newest_migration_gives_the_tables_in_code(service: str, empty_url: str) -> None:
    migrations.upgrade(service, empty_url)
    command.check(migrations.config_of(service, empty_url))


def test_the_check_constraints_in_code_are_in_the_database(service: str, empty_url: str) -> None:
    migrations.upgrade(service, empty_url)
    declared = {
        (table.name, str(constraint.name))
        for table in (*tables.metadata_of(service).sorted_tables, *KERNEL.sorted_tables)
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert reflected(empty_url, checks) == declared


def test_migrating_twice_changes_nothing(service: str, empty_url: str) -> None:
    migrations.upgrade(service, empty_url)
    first = reflected(empty_url, shape_of_tables)
    migrations.upgrade(service, empty_url)
    assert reflected(empty_url, shape_of_tables) == first


def shape_of_tables(inspector: sa.Inspector) -> dict[str, list[str]]:
    return {
        table: [
            f"{column['name']} {column['type']} {column['nullable']}"
            for column in inspector.get_columns(table)
        ]
        for table in inspector.get_table_names()
    }


def checks(inspector: sa.Inspector) -> set[tuple[str, str]]:
    return {
        (table, str(constraint["name"]))
        for table in inspector.get_table_names()
        for constraint in inspector.get_check_constraints(table)
    }


def reflected(url: str, read: Callable[[sa.Inspector], Any]) -> Any:
    async def look() -> Any:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda sync: read(sa.inspect(sync)))
        await engine.dispose()
        return found

    return asyncio.run(look())
