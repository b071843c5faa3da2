"""The kernel's table of sessions that ended before their time."""

from alembic import op

from shared.migrations import create_kernel_table

revision = "kpi_0003"
down_revision = "kpi_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_table(op, "session_versions")


def downgrade() -> None:
    op.drop_table("session_versions")
