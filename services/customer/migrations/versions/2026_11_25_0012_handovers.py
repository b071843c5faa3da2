"""Hand-overs of a clerk's customers."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0012"
down_revision = "2026_11_25_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("from_clerk", sa.String(40), nullable=False),
        sa.Column("to_clerk", sa.String(40), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("of_hall", sa.String(20)),
        sa.Column("of_county", sa.String(20)),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("follow_ups", sa.Integer, nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("done_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_handovers"),
        sa.CheckConstraint("status IN ('planned', 'done', 'refused')", name=op.f("ck_handovers_status")),
        sa.CheckConstraint("from_clerk <> to_clerk", name=op.f("ck_handovers_two_clerks")),
    )
    op.create_index("ix_handovers_from_clerk_id", "handovers", ["from_clerk", "id"])
    op.create_index("ix_handovers_status_effective_from", "handovers", ["status", "effective_from"])


def downgrade() -> None:
    op.drop_table("handovers")
