"""Complaints beside what customers had been sent, and an index of what left the house in a month."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0010"
down_revision = "2026_11_25_0009"
branch_labels = None
depends_on = None

ACCEPTED = "accepted_at IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "complaints",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("opened_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_complaints"),
    )
    op.create_index("ix_complaints_opened_at", "complaints", ["opened_at"])
    op.create_index(
        "ix_messages_sent",
        "messages",
        ["submitted_at"],
        sqlite_where=sa.text(ACCEPTED),
        postgresql_where=sa.text(ACCEPTED),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_sent", "messages")
    op.drop_table("complaints")
