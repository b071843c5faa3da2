"""The tier of a customer has a version of its own: it changes at night, without the rest of the snapshot."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0016"
down_revision = "2026_11_25_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("tier_version", sa.Integer, nullable=False, server_default="0"))
    op.execute("UPDATE customers SET tier_version = version")


def downgrade() -> None:
    op.drop_column("customers", "tier_version")
