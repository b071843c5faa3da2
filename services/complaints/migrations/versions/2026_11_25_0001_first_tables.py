"""The tables of the complaints service: directory, customers, catalogue, clocks, orders, tickets, and the rest."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp
from shared.migrations import create_kernel_tables, drop_kernel_tables

revision = "2026_11_25_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "diversion_measurements", "import_rows", "import_jobs", "callbacks", "ticket_numbers", "clock_alarms",
    "ticket_clocks", "ticket_entries", "ticket_cycles", "tickets", "work_orders", "calendar_days",
    "calendar_versions", "hall_calendars", "policy_limits", "policies", "remedies", "causes", "categories",
    "departures", "tiers", "assignments", "customers", "clerks", "halls",
)  # fmt: skip


def upgrade() -> None:
    create_kernel_tables(op)
    _create_directory()
    _create_customers()
    _create_catalogue()
    _create_clocks()
    _create_work_orders()
    _create_tickets()
    _create_callbacks()
    _create_imports()
    _create_diversion()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    drop_kernel_tables(op)


def _create_directory() -> None:
    op.create_table(
        "halls",
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("full_name", sa.String(60), nullable=False),
        sa.Column("short_name", sa.String(60), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("county_name", sa.String(60), nullable=False),
        sa.Column("opening_hours", JsonB, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_halls"),
    )
    op.create_table(
        "clerks",
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("display_name", sa.String(60), nullable=False),
        sa.Column("hall", sa.String(20)),
        sa.Column("county", sa.String(20)),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("staff_no", name="pk_clerks"),
    )


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("phone_index", sa.String(64), nullable=False),
        sa.Column("phone_masked", sa.String(20), nullable=False),
        sa.Column("archived_at", Timestamp, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )
    op.create_index("ix_customers_phone_index", "customers", ["phone_index"])
    op.create_table(
        "assignments",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_assignments"),
    )
    op.create_table(
        "tiers",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("tier", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_tiers"),
    )
    op.create_table(
        "departures",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_departures"),
    )


def _create_catalogue() -> None:
    op.create_table(
        "categories",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("aliases", JsonB, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_categories"),
    )
    op.create_table(
        "causes",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("aliases", JsonB, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_causes"),
    )
    op.create_table(
        "remedies",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("aliases", JsonB, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_remedies"),
    )


def _create_clocks() -> None:
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_policies"),
    )
    op.create_table(
        "policy_limits",
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("tier", sa.String(20), nullable=False),
        sa.Column("clock", sa.String(20), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("warn_minutes", sa.Integer, nullable=False),
        sa.Column("basis", sa.String(10), nullable=False),
        sa.Column("pausable", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint(
            "version", "kind", "category", "source", "tier", "clock", name="pk_policy_limits"
        ),
        sa.CheckConstraint("clock <> 'legal' OR minutes <= 21600", name=op.f("ck_policy_limits_legal_limit")),
        sa.CheckConstraint(
            "warn_minutes > 0 AND warn_minutes <= minutes", name=op.f("ck_policy_limits_warns_in_time")
        ),
        sa.ForeignKeyConstraint(["version"], ["policies.version"], name="fk_policy_limits_version"),
    )
    op.create_table(
        "hall_calendars",
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("hours", JsonB, nullable=False),
        sa.Column("holiday", JsonB, nullable=False),
        sa.Column("makeup", JsonB, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("hall", "version", name="pk_hall_calendars"),
    )
    op.create_table(
        "calendar_versions",
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("years", JsonB, nullable=False),
        sa.Column("source", sa.String(60), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_calendar_versions"),
    )
    op.create_table(
        "calendar_days",
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("is_workday", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("version", "day", name="pk_calendar_days"),
        sa.ForeignKeyConstraint(["version"], ["calendar_versions.version"], name="fk_calendar_days_version"),
    )


def _create_work_orders() -> None:
    op.create_table(
        "work_orders",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("category_text", sa.String(64), nullable=False),
        sa.Column("content", sa.String(2000), nullable=False),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.Column("due_at", Timestamp),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("status_text", sa.String(40), nullable=False),
        sa.Column("phone_enc", sa.String(200)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("phone_masked", sa.String(20)),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("hall", sa.String(20)),
        sa.Column("county", sa.String(20)),
        sa.Column("hall_name", sa.String(60), nullable=False),
        sa.Column("clerk", sa.String(40)),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("source_updated_at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_work_orders"),
        sa.CheckConstraint("status IN ('open', 'settled', 'withdrawn')", name=op.f("ck_work_orders_status")),
        sa.UniqueConstraint("source", "number", name="uq_work_orders_source_number"),
    )
    op.create_index("ix_work_orders_county_received_at", "work_orders", ["county", "received_at", "id"])
    where = sa.text("customer_id IS NOT NULL")
    op.create_index(
        "ix_work_orders_customer_id",
        "work_orders",
        ["customer_id", "received_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_index("ix_work_orders_hall_received_at", "work_orders", ["hall", "received_at", "id"])
    where = sa.text("customer_id IS NULL")
    op.create_index(
        "ix_work_orders_unmatched", "work_orders", ["phone_index"], sqlite_where=where, postgresql_where=where
    )
    op.create_index("ix_work_orders_received_at", "work_orders", ["received_at", "id"])


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("phone_enc", sa.String(200)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("phone_masked", sa.String(20)),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40)),
        sa.Column("handler", sa.String(64)),
        sa.Column("tier", sa.String(20)),
        sa.Column("summary", sa.String(2000), nullable=False),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("recorded_by", sa.String(64), nullable=False),
        sa.Column("source_key", sa.String(120)),
        sa.Column("work_order_source", sa.String(20)),
        sa.Column("work_order_number", sa.String(64)),
        sa.Column("required_by", Timestamp),
        sa.Column("policy_version", sa.Integer, nullable=False),
        sa.Column("calendar_hall", sa.String(20), nullable=False),
        sa.Column("calendar_version", sa.Integer, nullable=False),
        sa.Column("days_version", sa.Integer, nullable=False),
        sa.Column("resolved_at", Timestamp),
        sa.Column("closed_at", Timestamp),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.CheckConstraint("cycle >= 1", name=op.f("ck_tickets_cycle")),
        sa.CheckConstraint("kind IN ('enquiry', 'complaint')", name=op.f("ck_tickets_kind")),
        sa.CheckConstraint(
            "status IN ('new', 'assigned', 'in_progress', 'waiting', 'resolved', 'closed', 'merged', 'withdrawn')",
            name=op.f("ck_tickets_status"),
        ),
        sa.UniqueConstraint("number", name="uq_tickets_number"),
        sa.UniqueConstraint("source_key", name="uq_tickets_source_key"),
        sa.UniqueConstraint("work_order_source", "work_order_number", name="uq_tickets_work_order"),
    )
    op.create_index("ix_tickets_county_received_at", "tickets", ["county", "received_at", "id"])
    where = sa.text("customer_id IS NOT NULL")
    op.create_index(
        "ix_tickets_customer_id",
        "tickets",
        ["customer_id", "received_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_index("ix_tickets_hall_received_at", "tickets", ["hall", "received_at", "id"])
    where = sa.text("customer_id IS NULL")
    op.create_index(
        "ix_tickets_unmatched", "tickets", ["phone_index"], sqlite_where=where, postgresql_where=where
    )
    op.create_index("ix_tickets_received_at", "tickets", ["received_at", "id"])
    op.create_table(
        "ticket_cycles",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("started_at", Timestamp, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("handler", sa.String(64)),
        sa.Column("responded_at", Timestamp),
        sa.Column("responded_by", sa.String(64)),
        sa.Column("resolved_at", Timestamp),
        sa.Column("cause", sa.String(64)),
        sa.Column("remedy", sa.String(64)),
        sa.Column("responsible_clerk", sa.String(40)),
        sa.Column("responsible_hall", sa.String(20)),
        sa.Column("closed_at", Timestamp),
        sa.Column("close_reason", sa.String(20)),
        sa.Column("score", sa.Integer),
        sa.Column("rated_at", Timestamp),
        sa.Column("rated_by", sa.String(64)),
        sa.PrimaryKeyConstraint("ticket_id", "cycle", name="pk_ticket_cycles"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_ticket_cycles_ticket_id"),
    )
    op.create_table(
        "ticket_entries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("data", JsonB, nullable=False),
        sa.Column("text", sa.String(2000)),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_entries"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_ticket_entries_ticket_id"),
        sa.UniqueConstraint("ticket_id", "seq", name="uq_ticket_entries_seq"),
    )
    op.create_table(
        "ticket_clocks",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("clock", sa.String(20), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("started_at", Timestamp, nullable=False),
        sa.Column("warn_at", Timestamp),
        sa.Column("due_at", Timestamp),
        sa.Column("stopped_at", Timestamp),
        sa.Column("within", sa.Boolean),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("warned", sa.Boolean, nullable=False),
        sa.Column("missed", sa.Boolean, nullable=False),
        sa.Column("alarm_at", Timestamp),
        sa.PrimaryKeyConstraint("ticket_id", "cycle", "clock", "round", name="pk_ticket_clocks"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_ticket_clocks_ticket_id"),
    )
    where = sa.text("alarm_at IS NOT NULL")
    op.create_index(
        "ix_ticket_clocks_alarm_at", "ticket_clocks", ["alarm_at"], sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "clock_alarms",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("clock", sa.String(20), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("detected_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "cycle", "clock", "round", "kind", name="pk_clock_alarms"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_clock_alarms_ticket_id"),
    )
    op.create_index("ix_clock_alarms_due_at", "clock_alarms", ["due_at"])
    op.create_table(
        "ticket_numbers",
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("hall", "day", name="pk_ticket_numbers"),
    )


def _create_callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("handler", sa.String(64)),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("done_at", Timestamp),
        sa.Column("done_by", sa.String(64)),
        sa.Column("score", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.CheckConstraint("status IN ('open', 'done')", name=op.f("ck_callbacks_status")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name="fk_callbacks_ticket_id"),
        sa.UniqueConstraint("ticket_id", "cycle", name="uq_callbacks_cycle"),
    )
    op.create_index("ix_callbacks_county_status", "callbacks", ["county", "status", "id"])
    op.create_index("ix_callbacks_hall_status", "callbacks", ["hall", "status", "id"])


def _create_imports() -> None:
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("everything", sa.Boolean, nullable=False),
        sa.Column("county", sa.String(20)),
        sa.Column("hall", sa.String(20)),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_import_jobs"),
        sa.CheckConstraint(
            "status IN ('queued', 'working', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_import_jobs_status"),
        ),
    )
    op.create_index("ix_import_jobs_status", "import_jobs", ["status", "id"])
    op.create_table(
        "import_rows",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("external_id", sa.String(64)),
        sa.Column("code", sa.String(40)),
        sa.Column("detail", sa.String(200)),
        sa.Column("staged", JsonB),
        sa.PrimaryKeyConstraint("job_id", "line", name="pk_import_rows"),
        sa.CheckConstraint(
            "status IN ('pending', 'created', 'updated', 'unchanged', 'rejected')",
            name=op.f("ck_import_rows_status"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["import_jobs.id"], name="fk_import_rows_job_id"),
    )
    where = sa.text("status = 'pending'")
    op.create_index(
        "ix_import_rows_pending",
        "import_rows",
        ["job_id", "line"],
        sqlite_where=where,
        postgresql_where=where,
    )


def _create_diversion() -> None:
    op.create_table(
        "diversion_measurements",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("numerator", sa.Integer, nullable=False),
        sa.Column("denominator", sa.Integer, nullable=False),
        sa.Column("unmatched_orders", sa.Integer, nullable=False),
        sa.Column("window_days", sa.Integer, nullable=False),
        sa.Column("rule_version", sa.String(20), nullable=False),
        sa.Column("baseline_month", sa.String(7), nullable=False),
        sa.Column("baseline_numerator", sa.Integer, nullable=False),
        sa.Column("baseline_denominator", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("measured_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("month", "hall", "clerk", name="pk_diversion_measurements"),
    )
