"""The kernel's own tests run on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database import Database
from tests.shared.kernel import make_tables


@pytest.fixture
async def kernel_database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/kernel.sqlite3", "customer")
    await make_tables(database)
    yield database
    await database.close()
