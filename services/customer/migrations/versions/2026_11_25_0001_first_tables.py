"""Kernel tables, the directory (counties, halls, clerks) and access (clients, users, failures)."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp
from shared.migrations import create_kernel_tables, drop_kernel_tables

revision = "2026_11_25_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_tables(op)
    _create_directory()
    _create_access()


def downgrade() -> None:
    for table in ("sign_in_failures", "users", "client_secrets", "clients", "clerks", "halls", "counties"):
        op.drop_table(table)
    drop_kernel_tables(op)


def _create_directory() -> None:
    op.create_table(
        "counties",
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_counties"),
    )
    op.create_table(
        "halls",
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("registered_name", sa.String(60), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("opening", JsonB, nullable=False),
        sa.Column("sms_from", sa.Time, nullable=False),
        sa.Column("sms_until", sa.Time, nullable=False),
        sa.Column("busy_from_day", sa.Integer, nullable=False),
        sa.Column("busy_to_day", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_halls"),
        sa.ForeignKeyConstraint(["county"], ["counties.code"], name="fk_halls_county"),
        sa.CheckConstraint(
            "busy_from_day BETWEEN 1 AND 31 AND busy_to_day BETWEEN 1 AND 31", name="ck_halls_busy_days"
        ),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to >= effective_from", name="ck_halls_dates_in_order"
        ),
    )
    op.create_index("ix_halls_county", "halls", ["county"])
    op.create_table(
        "clerks",
        sa.Column("staff_no", sa.String(20), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("hall", sa.String(16), nullable=True),
        sa.Column("county", sa.String(20), nullable=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("staff_no", name="pk_clerks"),
        sa.ForeignKeyConstraint(["hall"], ["halls.code"], name="fk_clerks_hall"),
        sa.ForeignKeyConstraint(["county"], ["counties.code"], name="fk_clerks_county"),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to >= effective_from", name="ck_clerks_dates_in_order"
        ),
    )
    op.create_index("ix_clerks_hall", "clerks", ["hall"])


def _create_access() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("county", sa.String(20), nullable=True),
        sa.Column("hall", sa.String(16), nullable=True),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("disabled_at", Timestamp, nullable=True),
        sa.PrimaryKeyConstraint("client_id", name="pk_clients"),
    )
    op.create_table(
        "client_secrets",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(200), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_client_secrets"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name="fk_client_secrets_client_id"),
    )
    op.create_index("ix_client_secrets_client_id", "client_secrets", ["client_id"])
    op.create_table(
        "users",
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("county", sa.String(20), nullable=True),
        sa.Column("hall", sa.String(16), nullable=True),
        sa.Column("staff_no", sa.String(20), nullable=True),
        sa.Column("display", sa.String(60), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("password_changed_at", Timestamp, nullable=False),
        sa.Column("disabled_at", Timestamp, nullable=True),
        sa.PrimaryKeyConstraint("username", name="pk_users"),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("door", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("pending", sa.Integer, nullable=False),
        sa.Column("last_at", Timestamp, nullable=False),
        sa.Column("locked_until", Timestamp, nullable=True),
        sa.PrimaryKeyConstraint("door", name="pk_sign_in_failures"),
    )
    op.create_index("ix_sign_in_failures_last_at", "sign_in_failures", ["last_at"])
