"""When the consent that a message rests on was given; indexes of what retention has still to erase."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0006"
down_revision = "2026_11_25_0005"
branch_labels = None
depends_on = None

KEPT = "(text <> '' OR phone_enc IS NOT NULL)"
DEPARTED = "departed_at IS NOT NULL"
CONSENT_AT = {
    "postgresql": "CAST(decisions -> 'consent' ->> 'at' AS TIMESTAMP WITH TIME ZONE)",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', json_extract(decisions, '$.consent.at')) || '000'",
}
"""What `why` has kept so far, as the column keeps it."""


def upgrade() -> None:
    op.add_column("messages", sa.Column("consent_at", Timestamp))
    known = CONSENT_AT[op.get_bind().dialect.name]
    op.execute(f"UPDATE messages SET consent_at = {known} WHERE consent_id IS NOT NULL")  # noqa: S608
    op.execute("UPDATE customers SET departed_at = CURRENT_TIMESTAMP WHERE status <> 'active'")
    _index("ix_replies_kept", "replies", ["received_at"], KEPT)
    _index("ix_customers_departed", "customers", ["departed_at"], DEPARTED)


def downgrade() -> None:
    op.drop_index("ix_customers_departed", "customers")
    op.drop_index("ix_replies_kept", "replies")
    op.drop_column("messages", "consent_at")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
