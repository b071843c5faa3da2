"""Wordings are published over the API: by whom and when, and the database refuses to change one."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0017"
down_revision = "2026_11_25_0016"
branch_labels = None
depends_on = None

TABLE = "consent_wordings"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("published_by", sa.String(80)))
    op.add_column(TABLE, sa.Column("published_at", Timestamp))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {TABLE}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{TABLE} is append-only'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_append_only()"
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER {TABLE}_refuses_{change} BEFORE {change.upper()} ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {TABLE}_append_only() CASCADE")
    else:
        for change in ("update", "delete"):
            op.execute(f"DROP TRIGGER {TABLE}_refuses_{change}")
    op.drop_column(TABLE, "published_at")
    op.drop_column(TABLE, "published_by")
