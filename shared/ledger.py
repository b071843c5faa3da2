"""The kernel's own tables, the same in every service's database: what was said, heard, answered and fired."""

import sqlalchemy as sa

from shared.columns import NAMING, BigId, Timestamp

KERNEL = sa.MetaData(naming_convention=NAMING)

OUTBOX = sa.Table(
    "outbox",
    KERNEL,
    sa.Column("seq", BigId, sa.Identity(always=False), primary_key=True),
    sa.Column("topic", sa.String(120), nullable=False),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False),
    sqlite_autoincrement=True,
)

INBOX = sa.Table(
    "inbox",
    KERNEL,
    sa.Column("event_id", sa.Uuid, primary_key=True),
    sa.Column("source", sa.String(120), primary_key=True),
    sa.Column("handled_at", Timestamp, nullable=False),
)

DEAD_LETTERS = sa.Table(
    "dead_letters",
    KERNEL,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("topic", sa.String(120), nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("error", sa.String(200), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("died_at", Timestamp, nullable=False),
    sa.Column("replayed_at", Timestamp),
    sa.UniqueConstraint("topic", "partition", "offset"),
    sa.Index(None, "died_at"),
)

IDEMPOTENCY_KEYS = sa.Table(
    "idempotency_keys",
    KERNEL,
    sa.Column("client", sa.String(120), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Timestamp, nullable=False, index=True),
)

JOBS = sa.Table(
    "jobs",
    KERNEL,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("last_due", Timestamp, nullable=False),
)

LEASES = sa.Table(
    "leases",
    KERNEL,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("token", sa.Uuid, nullable=False),
    sa.Column("until", Timestamp, nullable=False),
)

SESSION_VERSIONS = sa.Table(
    "session_versions",
    KERNEL,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("ended_at", Timestamp, nullable=False),
    info={"since": "sessions can be ended"},
)
"""Sessions of a lower version are over. Came later than the others: see `migrations.create_kernel_table`."""

RESYNCS = sa.Table(
    "resyncs",
    KERNEL,
    sa.Column("name", sa.String(120), primary_key=True),
    sa.Column("cursor", sa.String(200)),
    sa.Column("asked_at", Timestamp, nullable=False),
)
