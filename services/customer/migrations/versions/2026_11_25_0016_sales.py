"""Sales campaigns and their targets for halls and clerks."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0016"
down_revision = "2026_11_25_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sales_campaigns",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("county", sa.String(20)),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("products", JsonB, nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sales_campaigns"),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_sales_campaigns_period")),
    )
    op.create_table(
        "sales_targets",
        sa.Column("campaign_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "hall", "clerk", name="pk_sales_targets"),
        sa.ForeignKeyConstraint(["campaign_id"], ["sales_campaigns.id"], name="fk_sales_targets_campaign"),
        sa.CheckConstraint(
            "number >= 0 AND amount_fen >= 0 AND number + amount_fen > 0",
            name=op.f("ck_sales_targets_something"),
        ),
    )


def downgrade() -> None:
    op.drop_table("sales_targets")
    op.drop_table("sales_campaigns")
