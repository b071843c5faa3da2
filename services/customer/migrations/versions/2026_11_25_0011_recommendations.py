"""Recommendations, their outcomes and policy, settled contacts, and how things stand on the archive."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0011"
down_revision = "2026_11_25_0010"
branch_labels = None
depends_on = None

FIRST_POLICY = {
    "version": 1, "effective_from": date(2026, 1, 1), "max_offers": 3, "busy": "quick", "declined_rest_days": 30,
    "accepted_rest_days": 180, "opportunity_days": 30, "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    "created_by": "house",
}  # fmt: skip


def upgrade() -> None:
    _create_policies()
    _create_recommendations()
    op.create_table(
        "opportunities",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("settled_at", Timestamp),
        sa.Column("rated_version", sa.Integer, nullable=False),
        sa.Column("rated_cycle", sa.Integer, nullable=False),
        sa.Column("good", sa.Boolean, nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("taken_at", Timestamp),
        sa.Column("taken_by", sa.String(80)),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_opportunities"),
        sa.CheckConstraint("state IN ('open', 'settled', 'ended')", name=op.f("ck_opportunities_state")),
    )
    op.create_index("ix_opportunities_customer_id", "opportunities", ["customer_id"])
    op.create_index("ix_opportunities_settled_at", "opportunities", ["settled_at"])
    op.create_table(
        "customer_offers",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("product", sa.String(40), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "product", name="pk_customer_offers"),
        sa.CheckConstraint(
            "outcome IN ('offered', 'accepted', 'declined', 'activated', 'denied')",
            name=op.f("ck_customer_offers_outcome"),
        ),
    )


def downgrade() -> None:
    for table in (
        "customer_offers", "opportunities", "recommendation_outcomes", "recommendations", "recommendation_policies",
    ):  # fmt: skip
        op.drop_table(table)


def _create_policies() -> None:
    policies = op.create_table(
        "recommendation_policies",
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("max_offers", sa.Integer, nullable=False),
        sa.Column("busy", sa.String(10), nullable=False),
        sa.Column("declined_rest_days", sa.Integer, nullable=False),
        sa.Column("accepted_rest_days", sa.Integer, nullable=False),
        sa.Column("opportunity_days", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_recommendation_policies"),
        sa.UniqueConstraint("effective_from", name="uq_recommendation_policies_effective_from"),
        sa.CheckConstraint("max_offers BETWEEN 0 AND 3", name=op.f("ck_recommendation_policies_max_offers")),
        sa.CheckConstraint("busy IN ('quick', 'none', 'all')", name=op.f("ck_recommendation_policies_busy")),
    )
    op.bulk_insert(policies, [FIRST_POLICY])


def _create_recommendations() -> None:
    op.create_table(
        "recommendations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("product", sa.String(40), nullable=False),
        sa.Column("product_title", sa.String(40), nullable=False),
        sa.Column("rule_version", sa.String(20), nullable=False),
        sa.Column("reasons", JsonB, nullable=False),
        sa.Column("hall_busy", sa.Boolean, nullable=False),
        sa.Column("script_id", sa.Uuid),
        sa.Column("script_version", sa.Integer),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("shown_at", Timestamp, nullable=False),
        sa.Column("offered_by", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recommendations"),
        sa.UniqueConstraint("customer_id", "day", "product", name="uq_recommendations_product_a_day"),
        sa.UniqueConstraint("customer_id", "day", "rank", name="uq_recommendations_rank_a_day"),
        sa.CheckConstraint("rank BETWEEN 1 AND 3", name=op.f("ck_recommendations_rank")),
    )
    op.create_index("ix_recommendations_hall_day", "recommendations", ["hall", "day"])
    op.create_index("ix_recommendations_county_day", "recommendations", ["county", "day"])
    op.create_table(
        "recommendation_outcomes",
        sa.Column("recommendation_id", sa.Uuid, nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("note", sa.String(100)),
        sa.Column("answered_at", Timestamp, nullable=False),
        sa.Column("answered_by", sa.String(80), nullable=False),
        sa.Column("activation_id", sa.Uuid),
        sa.PrimaryKeyConstraint("recommendation_id", name="pk_recommendation_outcomes"),
        sa.ForeignKeyConstraint(
            ["recommendation_id"], ["recommendations.id"], name="fk_recommendation_outcomes_recommendation"
        ),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'declined', 'activated')",
            name=op.f("ck_recommendation_outcomes_outcome"),
        ),
    )
