"""Touches, follow-ups with their indexes, kinds of contact and the overdue ladder."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0009"
down_revision = "2026_11_25_0008"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")
NOT_FOLLOWED = sa.text("followed_since IS NULL")
KINDS = [
    ("visit", "上门拜访", True),
    ("call", "电话回访", True),
    ("counter", "到厅接待", True),
    ("message", "短信", False),
]
LADDER = [("clerk", 1), ("hall_manager", 3), ("county", 7)]
DUE_INDEXES = {"hall": ["hall"], "clerk": ["clerk"], "county": ["county"], "due_on": []}


def upgrade() -> None:
    op.add_column("customers", sa.Column("followed_since", Timestamp))
    op.create_index(
        "ix_customers_not_followed",
        "customers",
        ["id"],
        sqlite_where=NOT_FOLLOWED,
        postgresql_where=NOT_FOLLOWED,
    )
    _create_touches()
    _create_follow_ups()
    _create_walks()
    _create_settings()


def downgrade() -> None:
    for table in (
        "follow_up_ladder", "touch_kinds", "follow_up_alignments", "follow_up_escalations", "follow_ups", "touches"
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_customers_not_followed", "customers")
    op.drop_column("customers", "followed_since")


def _create_touches() -> None:
    op.create_table(
        "touches",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("qualifying", sa.Boolean, nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("minute", Timestamp, nullable=False),
        sa.Column("note", sa.String(200)),
        sa.Column("follow_up_id", sa.Uuid),
        sa.Column("recorded_by", sa.String(80), nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_touches"),
        sa.UniqueConstraint("customer_id", "kind", "made_by", "minute", name="uq_touches_once_a_minute"),
    )
    op.create_index("ix_touches_customer_id_at", "touches", ["customer_id", "at"])


def _create_follow_ups() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("tier", sa.String(1), nullable=False),
        sa.Column("strategy_version", sa.Integer, nullable=False),
        sa.Column("since", Timestamp, nullable=False),
        sa.Column("since_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("latest_on", sa.Date, nullable=False),
        sa.Column("steps_taken", sa.Integer, nullable=False),
        sa.Column("next_step_on", sa.Date),
        sa.Column("outcome", sa.String(20)),
        sa.Column("closed_at", Timestamp),
        sa.Column("completed_by", sa.String(40)),
        sa.Column("touch_id", sa.Uuid),
        sa.Column("on_time", sa.Boolean),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
        sa.CheckConstraint("due_on <= latest_on", name=op.f("ck_follow_ups_days_in_order")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_follow_ups_closed_with_outcome")
        ),
    )
    op.create_index("ix_follow_ups_customer_id", "follow_ups", ["customer_id"])
    where: dict[str, Any] = {"sqlite_where": OPEN, "postgresql_where": OPEN}
    op.create_index("uq_follow_ups_open", "follow_ups", ["customer_id"], unique=True, **where)
    op.create_index("ix_follow_ups_next_step_on", "follow_ups", ["next_step_on", "id"], **where)
    for name, columns in DUE_INDEXES.items():
        read = [*columns, "due_on", "id", "latest_on", "since_on"]
        op.create_index(f"ix_follow_ups_{name}", "follow_ups", read, **where)


def _create_walks() -> None:
    op.create_table(
        "follow_up_escalations",
        sa.Column("follow_up_id", sa.Uuid, nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("follow_up_id", "step", name="pk_follow_up_escalations"),
    )
    op.create_table(
        "follow_up_alignments",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("cursor", sa.Uuid, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("day", name="pk_follow_up_alignments"),
    )


def _create_settings() -> None:
    kinds = op.create_table(
        "touch_kinds",
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("label", sa.String(20), nullable=False),
        sa.Column("qualifying", sa.Boolean, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_touch_kinds"),
    )
    rows = [
        {"code": code, "label": label, "qualifying": qualifying, "position": position, "version": 1}
        for position, (code, label, qualifying) in enumerate(KINDS, start=1)
    ]
    op.bulk_insert(kinds, rows)
    ladder = op.create_table(
        "follow_up_ladder",
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("step", name="pk_follow_up_ladder"),
    )
    op.bulk_insert(ladder, [{"step": step, "days": days, "version": 1} for step, days in LADDER])
