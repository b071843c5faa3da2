"""Letting go of people: when they left or withdrew, off-net lists, and the record of cleanings."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0007"
down_revision = "2026_11_25_0006"
branch_labels = None
depends_on = None

LEFT = sa.text("status = 'left'")
WITHDRAWN = sa.text("withdrawn_at IS NOT NULL")
WITHDREW = """
UPDATE customers SET withdrawn_at = (
    SELECT MAX(c.at) FROM consents c WHERE c.customer_id = customers.id AND c.purpose = 'archive')
WHERE status = 'active' AND 'withdrawn' = (
    SELECT c.decision FROM consents c WHERE c.customer_id = customers.id AND c.purpose = 'archive'
    ORDER BY c.at DESC, c.recorded_at DESC, c.id DESC LIMIT 1)
"""


def upgrade() -> None:
    op.add_column("customers", sa.Column("left_at", Timestamp))
    op.add_column("customers", sa.Column("withdrawn_at", Timestamp))
    op.create_index(
        "ix_customers_left", "customers", ["left_at", "id"], sqlite_where=LEFT, postgresql_where=LEFT
    )
    op.create_index(
        "ix_customers_withdrawn", "customers", ["withdrawn_at"],
        sqlite_where=WITHDRAWN, postgresql_where=WITHDRAWN,
    )  # fmt: skip
    op.execute(WITHDREW)
    _create_lists()
    _create_purges()


def downgrade() -> None:
    for table in ("purge_rows", "purges", "off_net_rows", "off_net_lists"):
        op.drop_table(table)
    op.drop_index("ix_customers_withdrawn", "customers")
    op.drop_index("ix_customers_left", "customers")
    op.drop_column("customers", "withdrawn_at")
    op.drop_column("customers", "left_at")


def _create_lists() -> None:
    op.create_table(
        "off_net_lists",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("hall", sa.String(20)),
        sa.Column("county", sa.String(20)),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_off_net_lists"),
        sa.CheckConstraint(
            "status IN ('receiving', 'queued', 'working', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_off_net_lists_status"),
        ),
    )
    op.create_index("ix_off_net_lists_status", "off_net_lists", ["status", "id"])
    op.create_table(
        "off_net_rows",
        sa.Column("list_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("detail", sa.String(300)),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("phone_enc", sa.String(400)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("left_text", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "line", name="pk_off_net_rows"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["off_net_lists.id"], name="fk_off_net_rows_list_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'updated', 'unchanged', 'rejected')", name=op.f("ck_off_net_rows_status")
        ),
    )
    op.create_index("ix_off_net_rows_list_id_status", "off_net_rows", ["list_id", "status", "line"])
    op.create_index("ix_off_net_rows_customer_id", "off_net_rows", ["customer_id"])


def _create_purges() -> None:
    op.create_table(
        "purges",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("hall", sa.String(20)),
        sa.Column("county", sa.String(20)),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_purges"),
        sa.CheckConstraint(
            "status IN ('queued', 'working', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_purges_status"),
        ),
    )
    op.create_index("ix_purges_status", "purges", ["status", "id"])
    op.create_table(
        "purge_rows",
        sa.Column("purge_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("left_at", Timestamp, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("purge_id", "customer_id", name="pk_purge_rows"),
        sa.ForeignKeyConstraint(
            ["purge_id"], ["purges.id"], name="fk_purge_rows_purge_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'found', 'erased', 'skipped')", name=op.f("ck_purge_rows_status")
        ),
    )
    op.create_index("ix_purge_rows_purge_id_status", "purge_rows", ["purge_id", "status", "customer_id"])
