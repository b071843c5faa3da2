"""The kernel's own tests run on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database import Database
from tests.engines import databases
from tests.shared.kernel import make_tables


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def kernel_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path}/kernel.sqlite3"
    if request.param == "postgresql":
        url = databases.empty_postgresql()
    database = Database(url, "customer")
    await make_tables(database)
    yield database
    await database.close()
    if request.param == "postgresql":
        databases.drop_postgresql(url)
