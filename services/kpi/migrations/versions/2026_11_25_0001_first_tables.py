"""Kernel tables, the directory's copy, facts, periods, indicators, schemes, targets, runs and scores."""

import sqlalchemy as sa
from alembic import op

from services.kpi.tables import Hundredths, TenThousandths
from shared.columns import BigId, JsonB, Timestamp
from shared.migrations import create_kernel_tables, drop_kernel_tables

revision = "kpi_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "score_indicators", "scores", "run_parts", "runs", "targets", "scheme_items", "schemes", "indicators", "periods",
    "facts", "clerks", "halls",
)  # fmt: skip


def upgrade() -> None:
    create_kernel_tables(op)
    _create_staff()
    _create_facts()
    _create_periods_and_indicators()
    _create_schemes()
    _create_runs()
    _create_scores()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    drop_kernel_tables(op)


def _written_by() -> sa.Column[int]:
    """The writing transaction's id: with it a reader tells what is settled (`services.kpi.commit_order`)."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    default = "(pg_current_xact_id()::text::bigint)" if on_postgresql else "0"
    return sa.Column("xid", sa.BigInteger, server_default=sa.text(default), nullable=False)


def _numbered() -> sa.Column[int]:
    return sa.Column("seq", BigId, sa.Identity(always=False), nullable=False)


def _create_staff() -> None:
    op.create_table(
        "halls",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("county_name", sa.String(120), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_halls"),
    )
    op.create_index("ix_halls_county", "halls", ["county"])
    op.create_table(
        "clerks",
        sa.Column("staff_no", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("staff_no", name="pk_clerks"),
    )
    op.create_index("ix_clerks_hall", "clerks", ["hall"])


def _create_facts() -> None:
    op.create_table(
        "facts",
        _numbered(),
        _written_by(),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("key", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("occurred_at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("clerk", sa.String(64), nullable=False),
        sa.Column("numerator", sa.BigInteger, nullable=False),
        sa.Column("denominator", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("attributes", JsonB, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_facts"),
        sa.UniqueConstraint("key", "kind", name="uq_facts_key_kind"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_facts_xid_seq", "facts", ["xid", "seq"])
    op.create_index("ix_facts_month_kind", "facts", ["month", "kind"])
    op.create_index("ix_facts_kind_subject", "facts", ["kind", "subject"])


def _create_periods_and_indicators() -> None:
    op.create_table(
        "periods",
        sa.Column("code", sa.String(7), nullable=False),
        sa.Column("checked_at", Timestamp, nullable=True),
        sa.Column("closed_at", Timestamp, nullable=True),
        sa.Column("closed_by", sa.String(120), nullable=True),
        sa.Column("run_id", sa.Uuid, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_periods"),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (run_id IS NULL)", name=op.f("ck_periods_closed_with_a_run")
        ),
    )
    op.create_table(
        "indicators",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("definition", sa.String(400), nullable=False),
        sa.Column("unit", sa.String(10), nullable=False),
        sa.Column("direction", sa.String(6), nullable=False),
        sa.Column("when_silent", sa.String(8), nullable=False),
        sa.Column("formula", JsonB, nullable=False),
        sa.Column("source_events", JsonB, nullable=False),
        sa.Column("owner", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_indicators"),
        sa.CheckConstraint("direction IN ('higher', 'lower')", name=op.f("ck_indicators_direction")),
        sa.CheckConstraint("when_silent IN ('no_data', 'zero')", name=op.f("ck_indicators_when_silent")),
        sa.CheckConstraint("unit IN ('count', 'percent', 'yuan')", name=op.f("ck_indicators_unit")),
    )


def _create_schemes() -> None:
    op.create_table(
        "schemes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("effective_from", sa.String(7), nullable=False),
        sa.Column("missing_policy", sa.String(30), nullable=False),
        sa.Column("minimum_sample", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("published_at", Timestamp, nullable=True),
        sa.Column("published_by", sa.String(120), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_schemes"),
        sa.UniqueConstraint("level", "version", name="uq_schemes_level_version"),
        sa.CheckConstraint("level IN ('clerk', 'hall', 'county', 'region')", name=op.f("ck_schemes_level")),
        sa.CheckConstraint(
            "missing_policy IN ('exclude_and_renormalise', 'zero', 'hold')",
            name=op.f("ck_schemes_missing_policy"),
        ),
        sa.CheckConstraint(
            "(published_at IS NULL) = (sha256 IS NULL)", name=op.f("ck_schemes_published_with_hash")
        ),
    )
    op.create_table(
        "scheme_items",
        sa.Column("scheme_id", sa.Uuid, nullable=False),
        sa.Column("indicator", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("weight", Hundredths, nullable=False),
        sa.Column("target", TenThousandths, nullable=False),
        sa.Column("per_head", sa.Boolean, nullable=False),
        sa.Column("tolerance", TenThousandths, nullable=True),
        sa.PrimaryKeyConstraint("scheme_id", "indicator", name="pk_scheme_items"),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name="fk_scheme_items_scheme_id"),
        sa.ForeignKeyConstraint(["indicator"], ["indicators.code"], name="fk_scheme_items_indicator"),
        sa.CheckConstraint("weight > 0 AND weight <= 10000", name=op.f("ck_scheme_items_weight")),
    )
    op.create_table(
        "targets",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("indicator", sa.String(40), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("value", TenThousandths, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("set_by", sa.String(120), nullable=False),
        sa.Column("set_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_targets"),
        sa.UniqueConstraint(
            "month", "level", "subject", "indicator", name="uq_targets_month_level_subject_indicator"
        ),
        sa.ForeignKeyConstraint(["indicator"], ["indicators.code"], name="fk_targets_indicator"),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("watermark_xid", sa.BigInteger, nullable=False),
        sa.Column("watermark_seq", sa.BigInteger, nullable=False),
        sa.Column("as_of", Timestamp, nullable=False),
        sa.Column("completed_at", Timestamp, nullable=False),
        sa.Column("triggered_by", sa.String(120), nullable=False),
        sa.Column("previous_run_id", sa.Uuid, nullable=True),
        sa.Column("scheme_versions", JsonB, nullable=False),
        sa.Column("definitions", JsonB, nullable=False),
        sa.Column("inputs_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("scores", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_period_completed_at", "runs", ["period", "completed_at"])
    op.create_table(
        "run_parts",
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("indicator", sa.String(40), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("clerk", sa.String(64), nullable=False),
        sa.Column("numerator", Hundredths, nullable=False),
        sa.Column("denominator", Hundredths, nullable=False),
        sa.Column("facts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "indicator", "county", "hall", "clerk", name="pk_run_parts"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_parts_run_id"),
    )


def _create_scores() -> None:
    op.create_table(
        "scores",
        _numbered(),
        _written_by(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("score", Hundredths, nullable=True),
        sa.Column("rank", sa.Integer, nullable=True),
        sa.Column("peers", sa.Integer, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("scheme_id", sa.Uuid, nullable=False),
        sa.Column("scheme_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_scores"),
        sa.UniqueConstraint("run_id", "level", "subject", name="uq_scores_run_id_level_subject"),
        sa.UniqueConstraint("id", name="uq_scores_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_scores_run_id"),
        sa.ForeignKeyConstraint(["scheme_id"], ["schemes.id"], name="fk_scores_scheme_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_scores_xid_seq", "scores", ["xid", "seq"])
    op.create_table(
        "score_indicators",
        sa.Column("score_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("numerator", Hundredths, nullable=False),
        sa.Column("denominator", Hundredths, nullable=False),
        sa.Column("value", TenThousandths, nullable=True),
        sa.Column("target", TenThousandths, nullable=False),
        sa.Column("weight", Hundredths, nullable=False),
        sa.Column("points", Hundredths, nullable=True),
        sa.Column("contribution", Hundredths, nullable=True),
        sa.Column("facts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("score_id", "code", name="pk_score_indicators"),
        sa.ForeignKeyConstraint(["score_id"], ["scores.id"], name="fk_score_indicators_score_id"),
    )
