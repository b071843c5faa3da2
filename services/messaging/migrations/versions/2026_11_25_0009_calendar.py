"""Days off, make-up workdays and festivals, and the years whose days off are known."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0009"
down_revision = "2026_11_25_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("place", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("is_workday", sa.Boolean),
        sa.Column("greeted", sa.Boolean, nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("updated_by", sa.String(80), nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("day", "place", name="pk_calendar_days"),
        sa.CheckConstraint(
            "kind IN ('statutory', 'makeup', 'lunar', 'solar', 'local')", name=op.f("ck_calendar_days_kind")
        ),
    )
    op.create_table(
        "calendar_years",
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("days_off_known", sa.Boolean, nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("loaded_by", sa.String(80), nullable=False),
        sa.Column("loaded_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_calendar_years"),
    )


def downgrade() -> None:
    op.drop_table("calendar_years")
    op.drop_table("calendar_days")
