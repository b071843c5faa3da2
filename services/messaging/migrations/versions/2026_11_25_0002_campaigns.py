"""Campaigns with the snapshot of their audience; what customers like, and when they left, in the projection."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0002"
down_revision = "2026_11_25_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_campaigns()
    op.create_table(
        "campaign_recipients",
        sa.Column("campaign_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "customer_id", name="pk_campaign_recipients"),
    )
    op.create_index(
        "ix_messages_campaign",
        "messages",
        ["campaign_id", "status", "reason"],
        sqlite_where=sa.text("campaign_id IS NOT NULL"),
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.add_column("customers", sa.Column("habits", sa.Text))
    op.add_column("customers", sa.Column("preferences", sa.Text))
    op.add_column("customers", sa.Column("departed_at", Timestamp))


def downgrade() -> None:
    for column in ("departed_at", "preferences", "habits"):
        op.drop_column("customers", column)
    op.drop_index("ix_messages_campaign", "messages")
    op.drop_table("campaign_recipients")
    op.drop_table("campaigns")


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("hall", sa.String(64)),
        sa.Column("county", sa.String(64)),
        sa.Column("template_code", sa.String(40), nullable=False),
        sa.Column("template_version", sa.Integer, nullable=False),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("params", JsonB, nullable=False),
        sa.Column("filters", JsonB, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("pause_reason", sa.String(60)),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("approver", sa.String(80)),
        sa.Column("head_count", sa.Integer),
        sa.Column("reachable", sa.Integer),
        sa.Column("counted_at", Timestamp),
        sa.Column("approved_at", Timestamp),
        sa.Column("starts_at", Timestamp, nullable=False),
        sa.Column("spread_until", Timestamp),
        sa.Column("ends_at", Timestamp, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("taken_to", sa.Uuid),
        sa.Column("started_at", Timestamp),
        sa.Column("completed_at", Timestamp),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.CheckConstraint(
            "status IN ('draft', 'counted', 'approved', 'running', 'paused', 'cancelled', 'completed')",
            name=op.f("ck_campaigns_status"),
        ),
        sa.CheckConstraint("approver IS NULL OR approver <> author", name=op.f("ck_campaigns_approver")),
        sa.CheckConstraint(
            "taken >= 0 AND taken <= COALESCE(head_count, 0)", name=op.f("ck_campaigns_taken")
        ),
    )
    op.create_index("ix_campaigns_county_id", "campaigns", ["county", "id"])
    op.create_index("ix_campaigns_hall_id", "campaigns", ["hall", "id"])
