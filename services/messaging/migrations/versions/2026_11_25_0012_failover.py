"""A second gateway for what never left by the first; what a carrier's code comes to, beside the code."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0012"
down_revision = "2026_11_25_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gateway_routes", sa.Column("fallback", sa.String(40)))
    op.add_column("messages", sa.Column("fallback", sa.String(40)))
    op.add_column("messages", sa.Column("failure", sa.String(20)))
    op.add_column("gateway_answers", sa.Column("failure", sa.String(20)))


def downgrade() -> None:
    op.drop_column("gateway_answers", "failure")
    op.drop_column("messages", "failure")
    op.drop_column("messages", "fallback")
    op.drop_column("gateway_routes", "fallback")
