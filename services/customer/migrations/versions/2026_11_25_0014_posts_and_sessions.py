"""Posts of clerks in time, changes of halls, and the kernel's table of sessions that ended before their time."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp
from shared.migrations import create_kernel_table

revision = "2026_11_25_0014"
down_revision = "2026_11_25_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_table(op, "session_versions")
    _create_posts()
    op.create_table(
        "hall_changes",
        sa.Column("hall", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("changes", JsonB, nullable=False),
        sa.PrimaryKeyConstraint("hall", "version", name="pk_hall_changes"),
        sa.ForeignKeyConstraint(["hall"], ["halls.code"], name="fk_hall_changes_hall"),
    )


def downgrade() -> None:
    for table in ("hall_changes", "clerk_posts", "session_versions"):
        op.drop_table(table)


def _create_posts() -> None:
    """Whoever is a clerk already has held the present post from the start, as far as anybody wrote down."""
    op.create_table(
        "clerk_posts",
        sa.Column("staff_no", sa.String(20), nullable=False),
        sa.Column("start", sa.Date, nullable=False),
        sa.Column("end", sa.Date),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("county", sa.String(20)),
        sa.Column("hall", sa.String(16)),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("recorded_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("staff_no", "start", name="pk_clerk_posts"),
        sa.ForeignKeyConstraint(["staff_no"], ["clerks.staff_no"], name="fk_clerk_posts_staff_no"),
        sa.CheckConstraint('"end" IS NULL OR "end" >= start', name=op.f("ck_clerk_posts_dates_in_order")),
    )
    op.create_index("ix_clerk_posts_hall_start", "clerk_posts", ["hall", "start"])
    op.execute(
        'INSERT INTO clerk_posts (staff_no, start, "end", role, county, hall, recorded_at, recorded_by) '
        "SELECT staff_no, effective_from, effective_to, role, county, hall, updated_at, '' FROM clerks"
    )
