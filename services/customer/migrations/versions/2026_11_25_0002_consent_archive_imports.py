"""The consent ledger, the archive and its imports, with the code tables and the first consent wording."""

from datetime import date

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0002"
down_revision = "2026_11_25_0001"
branch_labels = None
depends_on = None

ACTIVE = sa.text("status = 'active'")

CODES = [
    ("brand", 1, "全球通", None, None),
    ("brand", 2, "动感地带", None, None),
    ("brand", 3, "神州行", None, None),
    ("age_band", 1, "18岁以下", None, 18),
    ("age_band", 2, "18-25", 18, 25),
    ("age_band", 3, "25-35", 25, 35),
    ("age_band", 4, "35以上", 35, None),
    ("spend_band", 0, "30元以下", None, 30),
    ("spend_band", 1, "30-80元", 30, 80),
    ("spend_band", 2, "80-120元", 80, 120),
    ("spend_band", 3, "120-200元", 120, 200),
    ("spend_band", 4, "200以上", 200, None),
    ("habit", 1, "经常关机", None, None),
    ("habit", 2, "经常拨打同一号码", None, None),
    ("habit", 3, "经常发送短信或彩信", None, None),
    ("habit", 4, "经常手机上网", None, None),
    ("preference", 1, "商务", None, None),
    ("preference", 2, "生活资讯", None, None),
    ("preference", 3, "游戏娱乐", None, None),
    ("preference", 4, "音乐", None, None),
]

WORDING = {
    "version": "v1",
    "effective_from": date(2026, 1, 1),
    "introduction": (
        "您好，我是{hall}的{clerk}。为了今后更好地为您服务，我们想为您建一份客户档案，登记您的手机号码、姓名、"
        "品牌和用机习惯，同时把本厅的名称和电话存到您的手机里，有事您可以直接找我们。这些资料只由本厅客户经理"
        "用来为您服务，我们会严格保密，不会提供给其他单位和个人。您随时可以到厅、来电或回复短信撤回同意，"
        "撤回后我们立即停止使用。"
    ),
    "questions": {
        "archive": "请问您是否同意我们保存您的号码和这些资料？",
        "service_sms": "请问您是否愿意每月收到本厅一至两条服务短信，比如天气、交通和办理业务的提醒？",
        "holiday_sms": "请问您是否愿意在节日收到本厅的问候短信？",
        "marketing_sms": "请问您是否愿意收到适合您的新业务和优惠短信？不想再收时，回复 TD 就会停止。",
    },
}


def upgrade() -> None:
    _create_consents()
    _create_archive()
    _create_projections()
    _create_imports()
    for table in ("consents", "access_log"):
        _make_append_only(table)


def downgrade() -> None:
    for table in ("consents", "access_log"):
        _allow_changes(table)
    for table in (
        "import_rows", "import_jobs", "customer_tickets", "customer_messages", "access_log", "customer_changes",
        "customers", "codes", "consent_wordings", "consents",
    ):  # fmt: skip
        op.drop_table(table)


def _create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(80), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("wording_version", sa.String(40), nullable=False),
        sa.Column("evidence_kind", sa.String(40), nullable=False),
        sa.Column("evidence_reference", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.CheckConstraint("decision IN ('granted', 'withdrawn')", name=op.f("ck_consents_decision")),
        sa.CheckConstraint(
            "purpose IN ('archive', 'service_sms', 'holiday_sms', 'marketing_sms')",
            name=op.f("ck_consents_purpose"),
        ),
    )
    op.create_index("ix_consents_customer_id", "consents", ["customer_id"])
    wordings = op.create_table(
        "consent_wordings",
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("introduction", sa.Text, nullable=False),
        sa.Column("questions", JsonB, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_consent_wordings"),
    )
    op.bulk_insert(wordings, [WORDING])


def _create_archive() -> None:
    codes = op.create_table(
        "codes",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("label", sa.String(40), nullable=False),
        sa.Column("lower", sa.Integer),
        sa.Column("upper", sa.Integer),
        sa.PrimaryKeyConstraint("kind", "code", name="pk_codes"),
    )
    columns = ("kind", "code", "label", "lower", "upper")
    op.bulk_insert(codes, [dict(zip(columns, row, strict=True)) for row in CODES])
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("clerk", sa.String(40), nullable=False),
        sa.Column("phone_enc", sa.String(120), nullable=False),
        sa.Column("phone_index", sa.String(64), nullable=False),
        sa.Column("phone_masked", sa.String(20), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("brand", sa.Integer, nullable=False),
        sa.Column("age_band", sa.Integer, nullable=False),
        sa.Column("spend_band", sa.Integer, nullable=False),
        sa.Column("gender", sa.String(10)),
        sa.Column("habits", JsonB, nullable=False),
        sa.Column("habits_note", sa.String(100)),
        sa.Column("preferences", JsonB, nullable=False),
        sa.Column("preferences_note", sa.String(100)),
        sa.Column("tier", sa.String(1), nullable=False),
        sa.Column("sms_count", sa.Integer, nullable=False),
        sa.Column("number_stored_name", sa.String(60)),
        sa.Column("number_stored_number", sa.String(30)),
        sa.Column("number_stored_at", Timestamp),
        sa.Column("number_stored_by", sa.String(80)),
        sa.Column("carried_sms_count", sa.Integer, nullable=False),
        sa.Column("carried_recommendations", sa.String(500)),
        sa.Column("carried_services", sa.String(500)),
        sa.Column("external_source", sa.String(40)),
        sa.Column("external_id", sa.String(100)),
        sa.Column("archived_at", Timestamp, nullable=False),
        sa.Column("archived_by", sa.String(40), nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("last_contact_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("external_source", "external_id", name="uq_customers_external_id"),
        sa.CheckConstraint("status IN ('active', 'left', 'erased')", name=op.f("ck_customers_status")),
        sa.CheckConstraint("tier IN ('A', 'B', 'C')", name=op.f("ck_customers_tier")),
    )
    op.create_index(
        "uq_customers_phone_active", "customers", ["phone_index"],
        unique=True, sqlite_where=ACTIVE, postgresql_where=ACTIVE,
    )  # fmt: skip
    op.create_index("ix_customers_hall_id", "customers", ["hall", "id"])
    op.create_index("ix_customers_county_id", "customers", ["county", "id"])
    op.create_index("ix_customers_clerk_id", "customers", ["clerk", "id"])
    op.create_table(
        "customer_changes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("by", sa.String(80), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changes", JsonB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer_changes"),
    )
    op.create_index("ix_customer_changes_customer_id", "customer_changes", ["customer_id", "id"])
    op.create_table(
        "access_log",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_log"),
    )
    op.create_index("ix_access_log_subject_id", "access_log", ["subject_id", "id"])


def _create_projections() -> None:
    op.create_table(
        "customer_messages",
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("sent_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_customer_messages"),
    )
    op.create_index("ix_customer_messages_customer_id", "customer_messages", ["customer_id"])
    op.create_table(
        "customer_tickets",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(20)),
        sa.Column("category", sa.String(60)),
        sa.Column("status", sa.String(20)),
        sa.Column("score", sa.Integer),
        sa.Column("received_at", Timestamp),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_customer_tickets"),
    )
    op.create_index("ix_customer_tickets_customer_id", "customer_tickets", ["customer_id"])


def _create_imports() -> None:
    op.create_table(
        "import_jobs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("hall", sa.String(20), nullable=False),
        sa.Column("county", sa.String(20), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.Column("wording_version", sa.String(40), nullable=False),
        sa.Column("evidence_kind", sa.String(40), nullable=False),
        sa.Column("evidence_reference", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_jobs"),
        sa.CheckConstraint(
            "status IN ('receiving', 'queued', 'working', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_import_jobs_status"),
        ),
        sa.CheckConstraint("mode IN ('create', 'upsert')", name=op.f("ck_import_jobs_mode")),
    )
    op.create_index("ix_import_jobs_status", "import_jobs", ["status"])
    op.create_table(
        "import_rows",
        sa.Column("job_id", sa.Uuid, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("code", sa.String(40)),
        sa.Column("detail", sa.String(300)),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("phone_enc", sa.String(400)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("phone_masked", sa.String(20)),
        sa.Column("cells", JsonB),
        sa.PrimaryKeyConstraint("job_id", "line", name="pk_import_rows"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["import_jobs.id"], name="fk_import_rows_job_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'created', 'updated', 'unchanged', 'rejected')",
            name=op.f("ck_import_rows_status"),
        ),
    )
    op.create_index("ix_import_rows_job_id_status", "import_rows", ["job_id", "status", "line"])
    op.create_index("ix_import_rows_job_id_phone_index", "import_rows", ["job_id", "phone_index"])


def _make_append_only(table: str) -> None:
    """Rows go in and stay: UPDATE and DELETE are refused by the database itself, whoever asks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {table}_refuses_{change} BEFORE {change.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _allow_changes(table: str) -> None:
    """Dropping the table drops its triggers; PostgreSQL keeps the function."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {table}_append_only() CASCADE")
