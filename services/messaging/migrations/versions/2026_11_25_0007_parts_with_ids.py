"""Parts of a long message are found by the ids the gateway gave them."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0007"
down_revision = "2026_11_25_0006"
branch_labels = None
depends_on = None

PART_WITH_ID = sa.text("segment > 0 AND gateway_message_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_gateway_answers_part",
        "gateway_answers",
        ["gateway_message_id"],
        sqlite_where=PART_WITH_ID,
        postgresql_where=PART_WITH_ID,
    )


def downgrade() -> None:
    op.drop_index("ix_gateway_answers_part", "gateway_answers")
