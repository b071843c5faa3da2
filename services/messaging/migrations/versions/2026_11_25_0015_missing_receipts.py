"""Messages that no receipt has come for: found by an index, asked about once a day."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0015"
down_revision = "2026_11_25_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("asked_at", Timestamp))
    accepted = sa.text("status = 'accepted'")
    op.create_index(
        "ix_messages_accepted",
        "messages",
        ["gateway", "accepted_at"],
        sqlite_where=accepted,
        postgresql_where=accepted,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_accepted", "messages")
    op.drop_column("messages", "asked_at")
