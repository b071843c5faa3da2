"""Activations with the evidence of the customer's word."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0013"
down_revision = "2026_11_25_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("sold_by", sa.String(40), nullable=False),
        sa.Column("product", sa.String(40), nullable=False),
        sa.Column("product_title", sa.String(40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("evidence_kind", sa.String(20), nullable=False),
        sa.Column("evidence_reference", sa.String(200), nullable=False),
        sa.Column("recommendation_id", sa.Uuid),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("occurred_at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("recorded_by", sa.String(80), nullable=False),
        sa.Column("denied_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_activations"),
        sa.UniqueConstraint("hall", "evidence_kind", "evidence_reference", name="uq_activations_evidence"),
        sa.UniqueConstraint("recommendation_id", name="uq_activations_recommendation"),
        sa.CheckConstraint("amount_fen >= 0", name=op.f("ck_activations_amount")),
        sa.CheckConstraint("status IN ('recorded', 'denied')", name=op.f("ck_activations_status")),
        sa.CheckConstraint(
            "evidence_kind IN ('signature', 'sms_code', 'recording')",
            name=op.f("ck_activations_evidence_kind"),
        ),
    )
    op.create_index("ix_activations_customer_id", "activations", ["customer_id"])
    op.create_index("ix_activations_hall_day", "activations", ["hall", "day"])
    op.create_index("ix_activations_county_day", "activations", ["county", "day"])


def downgrade() -> None:
    op.drop_table("activations")
