"""Contracts with reminders, market and work reports, what halls have and offer, checks of records."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0015"
down_revision = "2026_11_25_0014"
branch_labels = None
depends_on = None

REMINDS = sa.text("next_reminder_on IS NOT NULL")


def upgrade() -> None:
    _create_contracts()
    _create_reports()
    _create_facilities()
    _create_checks()


def downgrade() -> None:
    for table in (
        "record_checks", "facilities", "work_reports", "market_reports", "contract_reminders", "contracts",
    ):  # fmt: skip
        op.drop_table(table)


def _create_contracts() -> None:
    op.create_table(
        "contracts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("remind_days", JsonB, nullable=False),
        sa.Column("next_reminder_on", sa.Date),
        sa.Column("note", sa.String(200)),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contracts"),
        sa.UniqueConstraint("customer_id", "number", name="uq_contracts_number"),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_contracts_dates")),
    )
    op.create_index("ix_contracts_ends_on", "contracts", ["ends_on", "id"])
    op.create_index(
        "ix_contracts_next_reminder_on", "contracts", ["next_reminder_on"],
        sqlite_where=REMINDS, postgresql_where=REMINDS,
    )  # fmt: skip
    op.create_table(
        "contract_reminders",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("contract_id", sa.Uuid, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("days_before", sa.Integer, nullable=False),
        sa.Column("done_at", Timestamp),
        sa.Column("done_by", sa.String(80)),
        sa.PrimaryKeyConstraint("id", name="pk_contract_reminders"),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name="fk_contract_reminders_contract_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("contract_id", "ends_on", "days_before", name="uq_contract_reminders_once"),
    )
    op.create_index("ix_contract_reminders_due_on", "contract_reminders", ["due_on", "id"])


def _create_reports() -> None:
    op.create_table(
        "market_reports",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("content", sa.String(2000), nullable=False),
        sa.Column("competitor", sa.String(60)),
        sa.Column("observed_on", sa.Date, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("submitted_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_market_reports"),
        sa.CheckConstraint("kind IN ('market', 'competitor')", name=op.f("ck_market_reports_kind")),
    )
    op.create_table(
        "work_reports",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("figures", JsonB, nullable=False),
        sa.Column("comment", sa.String(2000), nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("generated_at", Timestamp, nullable=False),
        sa.Column("submitted_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_work_reports"),
        sa.UniqueConstraint("clerk", "kind", "period", name="uq_work_reports_once"),
        sa.CheckConstraint("kind IN ('daily', 'weekly', 'monthly')", name=op.f("ck_work_reports_kind")),
        sa.CheckConstraint("status IN ('draft', 'submitted')", name=op.f("ck_work_reports_status")),
    )
    for table in ("market_reports", "work_reports"):
        for column in ("hall", "county"):
            op.create_index(f"ix_{table}_{column}_id", table, [column, "id"])


def _create_facilities() -> None:
    op.create_table(
        "facilities",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("details", sa.String(500)),
        sa.Column("quantity", sa.Integer),
        sa.Column("condition", sa.String(10)),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("updated_by", sa.String(80), nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facilities"),
        sa.CheckConstraint("kind IN ('facility', 'promotion')", name=op.f("ck_facilities_kind")),
        sa.CheckConstraint(
            "condition IS NULL OR condition IN ('good', 'impaired', 'broken')",
            name=op.f("ck_facilities_condition"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_facilities_dates")),
    )
    op.create_index("ix_facilities_hall", "facilities", ["hall", "kind", "id"])
    op.create_index("ix_facilities_county", "facilities", ["county", "id"])


def _create_checks() -> None:
    op.create_table(
        "record_checks",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("checked_by", sa.String(80), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("fields", JsonB, nullable=False),
        sa.Column("fields_right", sa.Integer, nullable=False),
        sa.Column("fields_checked", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record_checks"),
        sa.CheckConstraint(
            "fields_right >= 0 AND fields_right <= fields_checked", name=op.f("ck_record_checks_ratio")
        ),
        sa.CheckConstraint("checked_by <> clerk", name=op.f("ck_record_checks_other_than_clerk")),
    )
    op.create_index("ix_record_checks_customer_id", "record_checks", ["customer_id", "id"])
    op.create_index("ix_record_checks_at", "record_checks", ["at"])
