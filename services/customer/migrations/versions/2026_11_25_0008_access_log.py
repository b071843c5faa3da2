"""The access log holds every look, also at what is no single customer, and some of them once an hour."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0008"
down_revision = "2026_11_25_0007"
branch_labels = None
depends_on = None

LOG = sa.table("access_log", *map(sa.column, ("subject_kind", "subject_id", "action")))
INDEXES = {
    "ix_access_log_at": ["at", "id"],
    "ix_access_log_subject_id_at": ["subject_id", "at", "id"],
    "ix_access_log_actor_at": ["actor", "at", "id"],
    "ix_access_log_hall_at": ["hall", "at", "id"],
}


def upgrade() -> None:
    _allow_changes()
    op.drop_index("ix_access_log_subject_id", "access_log")
    with op.batch_alter_table("access_log") as table:
        table.alter_column("subject_id", existing_type=sa.Uuid(), nullable=True)
        table.add_column(sa.Column("subject_kind", sa.String(20)))
        table.add_column(sa.Column("hour", Timestamp))
    kind = sa.case((LOG.c.action == "rejected-rows-fetched", "import"), else_="customer")
    op.execute(sa.update(LOG).values(subject_kind=kind))
    with op.batch_alter_table("access_log") as table:
        table.alter_column("subject_kind", existing_type=sa.String(20), nullable=False)
    for name, columns in INDEXES.items():
        op.create_index(name, "access_log", columns)
    op.create_index(
        "uq_access_log_hour", "access_log", ["actor", "subject_id", "action", "hour"], unique=True
    )
    _refuse_changes()


def downgrade() -> None:
    """What the old form cannot hold is left out."""
    _allow_changes()
    op.drop_index("uq_access_log_hour", "access_log")
    for name in INDEXES:
        op.drop_index(name, "access_log")
    op.execute(sa.delete(LOG).where(LOG.c.subject_id.is_(None)))
    with op.batch_alter_table("access_log") as table:
        table.alter_column("subject_id", existing_type=sa.Uuid(), nullable=False)
        table.drop_column("subject_kind")
        table.drop_column("hour")
    op.create_index("ix_access_log_subject_id", "access_log", ["subject_id", "id"])
    _refuse_changes()


def _allow_changes() -> None:
    """SQLite makes the table anew, without triggers; on PostgreSQL the function stays."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER access_log_append_only ON access_log")
        return
    for change in ("update", "delete"):
        op.execute(f"DROP TRIGGER access_log_refuses_{change}")


def _refuse_changes() -> None:
    """Rows go in and stay, whoever asks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER access_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log "
            "FOR EACH STATEMENT EXECUTE FUNCTION access_log_append_only()"
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER access_log_refuses_{change} BEFORE {change.upper()} ON access_log "
            "BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END"
        )
