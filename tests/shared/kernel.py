"""A database with the kernel's tables and one scratch table, for tests of the kernel itself."""

from datetime import UTC, date, datetime

import sqlalchemy as sa

from shared.columns import NAMING, JsonB, Timestamp
from shared.database import Database
from shared.events.customer import ClerkChanged, HallChanged
from shared.ledger import KERNEL

AT = datetime(2026, 11, 25, tzinfo=UTC)
_METADATA = sa.MetaData(naming_convention=NAMING)

SCRATCH = sa.Table(
    "scratch",
    _METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("word", sa.String(40), nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("tags", JsonB, nullable=False),
    sa.Column("at", Timestamp, nullable=False),
)


async def make_tables(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(KERNEL.create_all)
        await connection.run_sync(_METADATA.create_all)


def a_hall_changed(code: str, *, version: int = 1) -> HallChanged:
    return HallChanged(
        code=code, full_name="资中大十字营业厅", short_name="大十字营业厅", county="zizhong", county_name="资中",
        number="0832-5520000", effective_from=date(2026, 1, 1), version=version, occurred_at=AT,
    )  # fmt: skip


def a_clerk_changed(staff_no: str) -> ClerkChanged:
    return ClerkChanged(
        staff_no=staff_no, display_name="张强", hall="H1", county="zizhong", role="clerk",
        effective_from=date(2026, 1, 1), occurred_at=AT,
    )  # fmt: skip
