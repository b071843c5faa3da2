"""After how many failures in a row a number is kept back, as data."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0014"
down_revision = "2026_11_25_0013"
branch_labels = None
depends_on = None

RULES = [("number-dead", 2, "number-dead"), ("blacklisted", 1, "opted-out")]


def upgrade() -> None:
    op.create_table(
        "number_rules",
        sa.Column("failure", sa.String(20), nullable=False),
        sa.Column("failures_in_a_row", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("failure", name="pk_number_rules"),
        sa.CheckConstraint("failures_in_a_row >= 1", name=op.f("ck_number_rules_at_least_one")),
        sa.CheckConstraint("reason IN ('opted-out', 'number-dead')", name=op.f("ck_number_rules_reason")),
    )
    names = ("failure", "failures_in_a_row", "reason")
    rules = sa.table("number_rules", *(sa.column(name) for name in names))
    op.bulk_insert(rules, [dict(zip(names, rule, strict=True)) for rule in RULES])


def downgrade() -> None:
    op.drop_table("number_rules")
