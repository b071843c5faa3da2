"""Surveys in versions, invitations with their scores, rests and rounds; three surveys to start with from `seeds/`."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0010"
down_revision = "2026_11_25_0009"
branch_labels = None
depends_on = None

SEEDS = Path(__file__).parent.parent / "seeds"
AT = datetime(2026, 11, 25, tzinfo=UTC)
NAMES = ("code", "version", "kind", "title", "introduction", "valid_days", "rest_days", "remind_after_days")
SURVEYS = sa.table(
    "surveys",
    *(sa.column(name) for name in (*NAMES, "per_hall", "author")),
    sa.column("questions", JsonB),
    sa.column("active", sa.Boolean),
    sa.column("created_at", Timestamp),
)


def upgrade() -> None:
    _create_surveys()
    _create_invitations()
    _create_the_rest()
    seeds = orjson.loads((SEEDS / "surveys_v1.json").read_bytes())
    always = {"version": 1, "active": True, "author": "system", "created_at": AT}
    op.bulk_insert(SURVEYS, [{**seed, **always} for seed in seeds])


def downgrade() -> None:
    for table in ("survey_rounds", "survey_rests", "survey_scores", "survey_invitations", "surveys"):
        op.drop_table(table)


def _create_surveys() -> None:
    op.create_table(
        "surveys",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("introduction", sa.String(300), nullable=False),
        sa.Column("questions", JsonB, nullable=False),
        sa.Column("valid_days", sa.Integer, nullable=False),
        sa.Column("rest_days", sa.Integer, nullable=False),
        sa.Column("remind_after_days", sa.Integer),
        sa.Column("per_hall", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name="pk_surveys"),
        sa.CheckConstraint("kind IN ('counter', 'after_ticket', 'periodic')", name=op.f("ck_surveys_kind")),
        sa.CheckConstraint("valid_days BETWEEN 1 AND 90", name=op.f("ck_surveys_valid_days")),
        sa.CheckConstraint("rest_days BETWEEN 1 AND 365", name=op.f("ck_surveys_rest_days")),
    )


def _create_invitations() -> None:
    op.create_table(
        "survey_invitations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("survey", sa.String(40), nullable=False),
        sa.Column("survey_version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("contact", sa.String(80), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("served_by", sa.String(80), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("invited_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.Column("remind_at", Timestamp),
        sa.Column("reminded_at", Timestamp),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("answered_at", Timestamp),
        sa.Column("channel", sa.String(10)),
        sa.Column("recorded_by", sa.String(80)),
        sa.Column("comment", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_survey_invitations"),
        sa.ForeignKeyConstraint(
            ["survey", "survey_version"],
            ["surveys.code", "surveys.version"],
            name="fk_survey_invitations_survey",
        ),
        sa.UniqueConstraint("survey", "customer_id", "contact", name="uq_survey_invitations_contact"),
        sa.UniqueConstraint("token_hash", name="uq_survey_invitations_token_hash"),
        sa.CheckConstraint(
            "status IN ('open', 'answered', 'expired', 'withdrawn')",
            name=op.f("ck_survey_invitations_status"),
        ),
        sa.CheckConstraint(
            "recorded_by IS NULL OR recorded_by <> served_by",
            name=op.f("ck_survey_invitations_recorded_by_another"),
        ),
    )
    for name, columns in INDEXES.items():
        op.create_index(f"ix_survey_invitations_{name}", "survey_invitations", columns)


INDEXES = {
    "hall_status": ["hall", "status", "id"],
    "county_status": ["county", "status", "id"],
    "customer_id": ["customer_id"],
    "status_expires_at": ["status", "expires_at"],
    "survey_invited_at": ["survey", "invited_at"],
    "contact": ["contact"],
}


def _create_the_rest() -> None:
    op.create_table(
        "survey_scores",
        sa.Column("invitation_id", sa.Uuid, nullable=False),
        sa.Column("question", sa.String(40), nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("out_of", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("invitation_id", "question", name="pk_survey_scores"),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["survey_invitations.id"], name="fk_survey_scores_invitation_id"
        ),
        sa.CheckConstraint("score BETWEEN 1 AND out_of", name=op.f("ck_survey_scores_score")),
    )
    op.create_table(
        "survey_rests",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("invited_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_survey_rests"),
    )
    op.create_table(
        "survey_rounds",
        sa.Column("survey", sa.String(40), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("invited", sa.Integer, nullable=False),
        sa.Column("drawn_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("survey", "month", "hall", name="pk_survey_rounds"),
    )
