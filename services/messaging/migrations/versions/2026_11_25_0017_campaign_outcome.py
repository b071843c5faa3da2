"""What a campaign came to, kept with it when it is closed."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB

revision = "2026_11_25_0017"
down_revision = "2026_11_25_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaigns", sa.Column("outcome", JsonB))


def downgrade() -> None:
    op.drop_column("campaigns", "outcome")
