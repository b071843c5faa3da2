"""Codes sent by SMS with which customers confirm their consents."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0006"
down_revision = "2026_11_25_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_codes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("purposes", JsonB, nullable=False),
        sa.Column("wording_version", sa.String(40), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("requested_by", sa.String(80), nullable=False),
        sa.Column("requested_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("used_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_consent_codes"),
        sa.UniqueConstraint("customer_id", "day", "number", name="uq_consent_codes_customer_id_day_number"),
        sa.CheckConstraint("number BETWEEN 1 AND 5", name=op.f("ck_consent_codes_number")),
        sa.CheckConstraint("attempts BETWEEN 0 AND 5", name=op.f("ck_consent_codes_attempts")),
    )


def downgrade() -> None:
    op.drop_table("consent_codes")
