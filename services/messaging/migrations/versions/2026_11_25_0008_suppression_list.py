"""The suppression list for people: whose, by whom, why, and lifted by whom; do-not-contact as a reason."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0008"
down_revision = "2026_11_25_0007"
branch_labels = None
depends_on = None

RANDOM_ID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
OLD = "phone_index, reason, at, inbound_id"


def upgrade() -> None:
    op.execute(f"CREATE TABLE suppressions_kept AS SELECT {OLD} FROM suppressions")  # noqa: S608
    op.drop_table("suppressions")
    op.create_table(
        "suppressions",
        *_old_columns(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("phone_masked", sa.String(20)),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("hall", sa.String(64)),
        sa.Column("county", sa.String(64)),
        sa.Column("added_by", sa.String(80), nullable=False),
        sa.Column("note", sa.String(200)),
        sa.Column("lifted_at", Timestamp),
        sa.Column("lifted_by", sa.String(80)),
        sa.Column("lifted_because", sa.String(200)),
        sa.PrimaryKeyConstraint("phone_index", "reason", name="pk_suppressions"),
        sa.UniqueConstraint("id", name="uq_suppressions_id"),
        sa.CheckConstraint(
            "reason IN ('opted-out', 'number-dead', 'do-not-contact')", name=op.f("ck_suppressions_reason")
        ),
    )
    op.create_index("ix_suppressions_hall_id", "suppressions", ["hall", "id"])
    op.create_index("ix_suppressions_county_id", "suppressions", ["county", "id"])
    id_ = RANDOM_ID[op.get_bind().dialect.name]
    op.execute(
        f"INSERT INTO suppressions ({OLD}, id, phone_masked, customer_id, hall, county, added_by) "  # noqa: S608
        f"SELECT k.phone_index, k.reason, k.at, k.inbound_id, {id_}, c.phone_masked, c.id, c.hall, c.county, 'system' "
        "FROM suppressions_kept k LEFT JOIN customers c ON c.id = "
        "(SELECT max(CAST(o.id AS TEXT)) FROM customers o WHERE o.phone_index = k.phone_index AND o.status = 'active')"
        + (" :: uuid" if op.get_bind().dialect.name == "postgresql" else "")
    )
    op.drop_table("suppressions_kept")


def downgrade() -> None:
    where = "WHERE lifted_at IS NULL AND reason <> 'do-not-contact'"
    op.execute(f"CREATE TABLE suppressions_kept AS SELECT {OLD} FROM suppressions {where}")  # noqa: S608
    op.drop_table("suppressions")
    op.create_table(
        "suppressions",
        *_old_columns(),
        sa.PrimaryKeyConstraint("phone_index", "reason", name="pk_suppressions"),
        sa.CheckConstraint("reason IN ('opted-out', 'number-dead')", name=op.f("ck_suppressions_reason")),
    )
    op.execute(f"INSERT INTO suppressions ({OLD}) SELECT {OLD} FROM suppressions_kept")  # noqa: S608
    op.drop_table("suppressions_kept")


def _old_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("phone_index", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("inbound_id", sa.Uuid),
    )
