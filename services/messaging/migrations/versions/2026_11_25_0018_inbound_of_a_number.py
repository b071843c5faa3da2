"""What phones posted is found among the receipts when somebody is erased."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0018"
down_revision = "2026_11_25_0017"
branch_labels = None
depends_on = None

INBOUND = sa.text("kind = 'inbound'")


def upgrade() -> None:
    op.create_index(
        "ix_gateway_inbox_inbound", "gateway_inbox", ["id"], sqlite_where=INBOUND, postgresql_where=INBOUND
    )


def downgrade() -> None:
    op.drop_index("ix_gateway_inbox_inbound", "gateway_inbox")
