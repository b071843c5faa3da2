"""Tiers: rule versions, ratings, runs and strategies, with the first rule and the first strategies."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0004"
down_revision = "2026_11_25_0003"
branch_labels = None
depends_on = None

AT = datetime(2026, 1, 1, tzinfo=UTC)
RULE = {
    "version": 1,
    "note": "价值看消费额度，重要性看品牌，潜力看业务偏好、用机习惯和年龄；连续两个月低于本类分数线才降类",
    "definition": {
        "points": {
            "value": {"spend_band": {"0": 0, "1": 10, "2": 20, "3": 30, "4": 40}},
            "importance": {"brand": {"1": 20, "2": 10, "3": 5}},
            "potential": {
                "preferences": {"1": 10, "2": 5, "3": 5, "4": 5},
                "habits": {"2": 5, "3": 5, "4": 10},
                "age_band": {"2": 5, "3": 5},
            },
        },
        "thresholds": {"A": 75, "B": 50},
        "demote_after_months": 2,
    },
    "effective_from": date(2026, 1, 1),
    "created_by": "system",
    "created_at": AT,
    "published_by": "system",
    "published_at": AT,
}
STRATEGIES = [
    (
        "A",
        30,
        45,
        ["专属客户经理", "办理业务优先接待", "投诉当日回话", "生日和节日问候", "适合的新业务优先告知"],
    ),
    ("B", 60, 90, ["节日问候", "适合的新业务告知"]),
    ("C", 90, 120, ["每月一至两条服务短信"]),
]


def upgrade() -> None:
    _create_rules()
    _create_ratings()
    _create_runs()
    _create_strategies()


def downgrade() -> None:
    for table in ("tier_strategies", "tier_runs", "tier_ratings", "tier_rules"):
        op.drop_table(table)


def _create_rules() -> None:
    rules = op.create_table(
        "tier_rules",
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("definition", JsonB, nullable=False),
        sa.Column("effective_from", sa.Date),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("published_by", sa.String(80)),
        sa.Column("published_at", Timestamp),
        sa.PrimaryKeyConstraint("version", name="pk_tier_rules"),
        sa.CheckConstraint(
            "(published_at IS NULL) = (effective_from IS NULL)",
            name=op.f("ck_tier_rules_published_with_date"),
        ),
    )
    op.bulk_insert(rules, [RULE])


def _create_ratings() -> None:
    op.create_table(
        "tier_ratings",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("from_tier", sa.String(1)),
        sa.Column("tier", sa.String(1), nullable=False),
        sa.Column("months_below", sa.Integer, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("inputs", JsonB, nullable=False),
        sa.Column("points", JsonB, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "month", name="pk_tier_ratings"),
    )


def _create_runs() -> None:
    op.create_table(
        "tier_runs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("occasion", sa.String(10), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("newcomers_only", sa.Boolean, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("cursor", sa.Uuid, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("started_at", Timestamp, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_tier_runs"),
        sa.UniqueConstraint("occasion", name="uq_tier_runs_occasion"),
    )


def _create_strategies() -> None:
    strategies = op.create_table(
        "tier_strategies",
        sa.Column("tier", sa.String(1), nullable=False),
        sa.Column("target_days", sa.Integer, nullable=False),
        sa.Column("max_days", sa.Integer, nullable=False),
        sa.Column("acts", sa.String(20), nullable=False),
        sa.Column("owed", JsonB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_by", sa.String(80), nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("tier", name="pk_tier_strategies"),
        sa.CheckConstraint(
            "1 <= target_days AND target_days <= max_days", name=op.f("ck_tier_strategies_days_in_order")
        ),
        sa.CheckConstraint("acts IN ('clerk', 'hall_manager')", name=op.f("ck_tier_strategies_acts")),
        sa.CheckConstraint("tier IN ('A', 'B', 'C')", name=op.f("ck_tier_strategies_tier")),
    )
    columns = ("tier", "target_days", "max_days", "owed")
    usual = {"acts": "clerk", "version": 1, "updated_by": "system", "updated_at": AT}
    op.bulk_insert(strategies, [{**dict(zip(columns, row, strict=True)), **usual} for row in STRATEGIES])
