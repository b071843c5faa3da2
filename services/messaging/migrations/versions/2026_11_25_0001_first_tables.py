"""Audience, templates, budget, messages and gateways, with the first templates, class rules and route."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

from shared.columns import BigId, JsonB, Timestamp
from shared.migrations import create_kernel_tables, drop_kernel_tables

revision = "2026_11_25_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    *(
        "replies",
        "gateway_inbox",
        "gateway_lanes",
        "gateway_routes",
        "gateway_answers",
        "messages",
        "cap_slots",
    ),
    *("class_rules", "templates", "suppressions", "tickets", "halls", "consents", "customers"),
)

TEMPLATES = [
    (
        "intro", "自我介绍", "intro",
        ("您好，我是您身边的{hall}，所有移动业务都可以到我厅办理，有事请拨打{hall_number}，我们为您就近服务。"
        "每月{busy_from}日至次月{busy_to}日厅内较忙，错开这几天来，办理更省时间。"),
    ),
    ("service", "服务短信", "service", "您好！{content}（{hall}发送）"),
    ("holiday", "节日问候", "holiday", "{festival}到了，{hall}全体营业员祝您{wish}！"),
    ("new_business", "新业务介绍", "marketing", "您好！{content}详情可到{hall}了解，或拨打{hall_number}。"),
    (
        "complaint_receipt", "投诉受理通知", "notice",
        "您好，您反映的问题我厅已经受理，受理编号{number}。我们会尽快核实处理并把结果告诉您，如需补充请拨打{hall_number}。",
    ),
    (
        "complaint_result", "投诉处理结果", "notice",
        ("您好，您反映的问题（受理编号{number}）已经处理完毕，稍后我们会回访听取您的意见。"
        "如仍有疑问，请拨打{hall_number}或到厅，我们继续为您处理。"),
    ),
    (
        "activation_confirmation", "业务办理确认", "confirmation",
        "您好，您于{date}在我厅办理了“{product}”。如非您本人同意办理，请回复N，我们马上核实；有疑问请拨打{hall_number}。",
    ),
    (
        "opt_out_ack", "退订确认", "ack",
        "您好，已按您的要求停止发送服务、节日和新业务短信。需要恢复时，请到厅或拨打{hall_number}告诉我们。",
    ),
]  # fmt: skip

CLASS_RULES = [
    # class, pool, cap, gap in days, keeps the hall's hours, from and until (minutes), patience in minutes
    ("intro", "monthly", 2, 0, True, 0, 1440, 1440),
    ("service", "monthly", 2, 0, True, 0, 1440, 1440),
    ("holiday", "monthly", 2, 0, True, 0, 1440, 720),
    ("marketing", "monthly", 2, 0, True, 540, 1200, 2880),
    ("notice", None, 0, 0, True, 0, 1440, 30),
    ("ack", None, 0, 0, False, 0, 1440, 1),
    ("confirmation", None, 0, 0, False, 0, 1440, 5),
]


def upgrade() -> None:
    create_kernel_tables(op)
    _create_audience()
    _create_templates()
    _create_budget()
    _create_messages()
    _create_gateways()
    _seed()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    drop_kernel_tables(op)


def _create_audience() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("phone_enc", sa.String(120)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("phone_masked", sa.String(20)),
        sa.Column("brand", sa.String(64)),
        sa.Column("age_band", sa.String(64)),
        sa.Column("spend_band", sa.String(64)),
        sa.Column("tier", sa.String(64)),
        sa.Column("archived_at", Timestamp),
        sa.Column("placed_version", sa.Integer, nullable=False),
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("clerk", sa.String(64), nullable=False),
        sa.Column("stored_version", sa.Integer, nullable=False),
        sa.Column("number_stored_at", Timestamp),
        sa.Column("status_version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.CheckConstraint("status IN ('active', 'left', 'purged')", name=op.f("ck_customers_status")),
    )
    op.create_index("ix_customers_hall_id", "customers", ["hall", "id"])
    op.create_index("ix_customers_phone_index", "customers", ["phone_index"])
    op.create_table(
        "consents",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("granted", sa.Boolean, nullable=False),
        sa.Column("consent_id", sa.Uuid, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("wording_version", sa.String(64)),
        sa.PrimaryKeyConstraint("customer_id", "purpose", name="pk_consents"),
    )
    op.create_table(
        "halls",
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("full_name", sa.String(120), nullable=False),
        sa.Column("county", sa.String(64), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("sms_from", sa.Integer, nullable=False),
        sa.Column("sms_until", sa.Integer, nullable=False),
        sa.Column("busy_from_day", sa.Integer, nullable=False),
        sa.Column("busy_to_day", sa.Integer, nullable=False),
        sa.Column("effective_to", sa.Date),
        sa.PrimaryKeyConstraint("code", name="pk_halls"),
    )
    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("changed_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_tickets"),
    )
    op.create_index("ix_tickets_customer_id", "tickets", ["customer_id"])
    op.create_table(
        "suppressions",
        sa.Column("phone_index", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("inbound_id", sa.Uuid),
        sa.PrimaryKeyConstraint("phone_index", "reason", name="pk_suppressions"),
        sa.CheckConstraint("reason IN ('opted-out', 'number-dead')", name=op.f("ck_suppressions_reason")),
    )


def _create_templates() -> None:
    op.create_table(
        "templates",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("approver", sa.String(80)),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("approved_at", Timestamp),
        sa.PrimaryKeyConstraint("code", "version", name="pk_templates"),
        sa.CheckConstraint(
            "message_class IN ('intro', 'service', 'holiday', 'marketing', 'notice', 'ack', 'confirmation')",
            name=op.f("ck_templates_message_class"),
        ),
    )


def _create_budget() -> None:
    op.create_table(
        "class_rules",
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("pool", sa.String(20)),
        sa.Column("cap", sa.Integer, nullable=False),
        sa.Column("min_gap_days", sa.Integer, nullable=False),
        sa.Column("keeps_hall_hours", sa.Boolean, nullable=False),
        sa.Column("sends_from", sa.Integer, nullable=False),
        sa.Column("sends_until", sa.Integer, nullable=False),
        sa.Column("patience_minutes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("message_class", "effective_from", name="pk_class_rules"),
        sa.CheckConstraint("cap >= 0 AND min_gap_days >= 0", name=op.f("ck_class_rules_not_negative")),
        sa.CheckConstraint(
            "sends_from BETWEEN 0 AND 1440 AND sends_until BETWEEN 0 AND 1440",
            name=op.f("ck_class_rules_minutes"),
        ),
    )
    op.create_table(
        "cap_slots",
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("pool", sa.String(20), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("slot_no", sa.Integer, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("taken_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "pool", "month", "slot_no", name="pk_cap_slots"),
        sa.UniqueConstraint("message_id", name="uq_cap_slots_message_id"),
        sa.CheckConstraint("slot_no >= 1", name=op.f("ck_cap_slots_from_one")),
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("recipient", sa.String(64), nullable=False),
        sa.Column("hall", sa.String(64)),
        sa.Column("county", sa.String(64)),
        sa.Column("clerk", sa.String(64)),
        sa.Column("phone_enc", sa.String(120)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("phone_masked", sa.String(20)),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("template_code", sa.String(40), nullable=False),
        sa.Column("template_version", sa.Integer, nullable=False),
        sa.Column("params", JsonB, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("cause", sa.String(120), nullable=False),
        sa.Column("period", sa.String(40), nullable=False),
        sa.Column("campaign_id", sa.Uuid),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("activation_id", sa.Uuid),
        sa.Column("requested_by", sa.String(80), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(60)),
        sa.Column("consent_id", sa.Uuid),
        sa.Column("cap_pool", sa.String(20)),
        sa.Column("cap_month", sa.String(7)),
        sa.Column("cap_slot", sa.Integer),
        sa.Column("decisions", JsonB, nullable=False),
        sa.Column("gateway", sa.String(40)),
        sa.Column("gateway_message_id", sa.String(120)),
        sa.Column("gateway_code", sa.String(60)),
        sa.Column("send_at", Timestamp, nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("deadline", Timestamp),
        sa.Column("missed_at", Timestamp),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("lease_until", Timestamp),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("submitted_at", Timestamp),
        sa.Column("accepted_at", Timestamp),
        sa.Column("delivered_at", Timestamp),
        sa.Column("unknown_since", Timestamp),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("recipient", "template_code", "cause", "period", name="uq_messages_intent"),
    )
    op.create_index("ix_messages_county_id", "messages", ["county", "id"])
    op.create_index("ix_messages_customer_id", "messages", ["customer_id", "id"])
    _create_partial_index(
        "ix_messages_deadline",
        "messages",
        ["deadline"],
        "missed_at IS NULL AND status IN ('planned', 'held', 'queued', 'failed', 'suppressed', 'expired')",
    )
    op.create_index("ix_messages_gateway_message_id", "messages", ["gateway_message_id", "gateway"])
    op.create_index("ix_messages_hall_id", "messages", ["hall", "id"])
    _create_partial_index("ix_messages_held", "messages", ["send_at"], "status = 'held'")
    _create_partial_index("ix_messages_lease", "messages", ["lease_until"], "status = 'submitting'")
    op.create_index("ix_messages_phone_index", "messages", ["phone_index"])
    _create_partial_index("ix_messages_queue", "messages", ["gateway", "due_at", "id"], "status = 'queued'")
    _create_partial_index(
        "ix_messages_unknown_of_hall", "messages", ["hall", "unknown_since", "id"], "status = 'unknown'"
    )
    _create_partial_index("ix_messages_planned", "messages", ["created_at"], "status = 'planned'")
    _create_partial_index(
        "ix_messages_kept", "messages", ["created_at"], "(text <> '' OR phone_enc IS NOT NULL)"
    )
    _create_partial_index("ix_messages_unknown", "messages", ["unknown_since", "id"], "status = 'unknown'")
    op.create_table(
        "gateway_answers",
        sa.Column("id", BigId, sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("gateway", sa.String(40), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("said", sa.String(12), nullable=False),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.Column("code", sa.String(60)),
        sa.Column("gateway_message_id", sa.String(120)),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("submitted_at", Timestamp),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_answers"),
        sa.UniqueConstraint("message_id", "attempt", "said", "segment", name="uq_gateway_answers_fact"),
    )
    op.create_index("ix_gateway_answers_submitted_at", "gateway_answers", ["submitted_at"])


def _create_gateways() -> None:
    op.create_table(
        "gateway_routes",
        sa.Column("hall", sa.String(64), nullable=False),
        sa.Column("message_class", sa.String(20), nullable=False),
        sa.Column("gateway", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("hall", "message_class", name="pk_gateway_routes"),
    )
    op.create_table(
        "gateway_lanes",
        sa.Column("gateway", sa.String(40), nullable=False),
        sa.Column("next_free_at", Timestamp),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("paused_until", Timestamp),
        sa.PrimaryKeyConstraint("gateway", name="pk_gateway_lanes"),
    )
    op.create_table(
        "gateway_inbox",
        sa.Column("id", BigId, sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("payload", JsonB, nullable=False),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_inbox"),
        sa.UniqueConstraint("gateway", "kind", "identity", name="uq_gateway_inbox_identity"),
    )
    _create_partial_index("ix_gateway_inbox_parked", "gateway_inbox", ["received_at"], "state = 'parked'")
    op.create_index("ix_gateway_inbox_received_at", "gateway_inbox", ["received_at"])
    _create_partial_index("ix_gateway_inbox_waiting", "gateway_inbox", ["kind", "id"], "state = 'waiting'")
    op.create_table(
        "replies",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("gateway", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("phone_enc", sa.String(120)),
        sa.Column("phone_index", sa.String(64)),
        sa.Column("phone_masked", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("hall", sa.String(64)),
        sa.Column("county", sa.String(64)),
        sa.Column("clerk", sa.String(64)),
        sa.Column("in_reply_to", sa.Uuid),
        sa.Column("activation_id", sa.Uuid),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.CheckConstraint("kind IN ('opt_out', 'denial', 'enquiry')", name=op.f("ck_replies_kind")),
    )
    op.create_index("ix_replies_customer_id", "replies", ["customer_id", "id"])
    op.create_index("ix_replies_hall_id", "replies", ["hall", "id"])


def _create_partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _seed() -> None:
    at = datetime(2026, 11, 25, tzinfo=UTC)
    templates = sa.table(
        "templates",
        *_columns("code", "version", "title", "message_class", "text", "author"),
        sa.column("approver"),
        sa.column("created_at", Timestamp),
        sa.column("approved_at", Timestamp),
    )
    rows = [
        {"code": code, "version": 1, "title": title, "message_class": kind, "text": text, "author": "system",
         "approver": "system", "created_at": at, "approved_at": at}
        for code, title, kind, text in TEMPLATES
    ]  # fmt: skip
    op.bulk_insert(templates, rows)
    names = (
        "pool",
        "cap",
        "min_gap_days",
        "keeps_hall_hours",
        "sends_from",
        "sends_until",
        "patience_minutes",
    )
    rules = sa.table("class_rules", *_columns("message_class", *names), sa.column("effective_from", sa.Date))
    begun = date(2000, 1, 1)
    op.bulk_insert(rules, [
        {"message_class": kind, "effective_from": begun, **dict(zip(names, values, strict=True))}
        for kind, *values in CLASS_RULES
    ])  # fmt: skip
    routes = sa.table("gateway_routes", *_columns("hall", "message_class", "gateway"))
    op.bulk_insert(routes, [{"hall": "*", "message_class": "*", "gateway": "simulator"}])


def _columns(*names: str) -> list[sa.ColumnClause[object]]:
    return [sa.column(name) for name in names]
