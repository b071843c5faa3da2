"""Plans of halls by month and occasion, whose turn comes on which day, and the plan a message came from."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0011"
down_revision = "2026_11_25_0010"
branch_labels = None
depends_on = None

FROM_A_PLAN, WAITING = sa.text("plan_id IS NOT NULL"), sa.text("turned_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("occasion", sa.String(10), nullable=False),
        sa.Column("template_code", sa.String(40), nullable=False),
        sa.Column("params", JsonB, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("approver", sa.String(80)),
        sa.Column("opens_on", sa.Date, nullable=False),
        sa.Column("closes_on", sa.Date, nullable=False),
        sa.Column("days", JsonB, nullable=False),
        sa.Column("laid_out_at", Timestamp),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("approved_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.UniqueConstraint("hall", "message_class", "occasion", name="uq_plans_occasion"),
        sa.CheckConstraint("message_class IN ('service', 'holiday')", name=op.f("ck_plans_message_class")),
        sa.CheckConstraint("status IN ('draft', 'approved', 'cancelled')", name=op.f("ck_plans_status")),
    )
    op.create_index("ix_plans_month", "plans", ["month", "hall"])
    op.create_index("ix_plans_open", "plans", ["status", "closes_on"])
    op.create_table(
        "plan_entries",
        sa.Column("occasion", sa.String(20), nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("plan_id", sa.Uuid, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("turned_at", Timestamp),
        sa.PrimaryKeyConstraint("occasion", "customer_id", name="pk_plan_entries"),
    )
    op.create_index(
        "ix_plan_entries_due",
        "plan_entries",
        ["plan_id", "day"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.add_column("messages", sa.Column("plan_id", sa.Uuid))
    columns = ["plan_id", "status", "reason"]
    op.create_index(
        "ix_messages_plan", "messages", columns, sqlite_where=FROM_A_PLAN, postgresql_where=FROM_A_PLAN
    )


def downgrade() -> None:
    op.drop_index("ix_messages_plan", "messages")
    op.drop_column("messages", "plan_id")
    op.drop_table("plan_entries")
    op.drop_table("plans")
