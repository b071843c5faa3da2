"""Rank, held-back slots, spreading and rest after a ticket in class rules; closing and rating of tickets."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0004"
down_revision = "2026_11_25_0003"
branch_labels = None
depends_on = None

RULES = [
    # class, rank, slots left to others, minutes over which releases spread, days of rest after a ticket
    ("service", 1, 0, 120, 0),
    ("intro", 2, 0, 20, 0),
    ("holiday", 3, 0, 120, 0),
    ("marketing", 4, 1, 120, 7),
    ("notice", 9, 0, 20, 0),
    ("ack", 9, 0, 20, 0),
    ("confirmation", 9, 0, 20, 0),
]
RULE_COLUMNS = {
    "rank": "9 NOT NULL",
    "held_back": "0 NOT NULL CONSTRAINT ck_class_rules_order CHECK (rank >= 1 AND held_back >= 0 AND held_back <= cap)",
    "spread_minutes": "20 NOT NULL",
    "ticket_rest_days": (
        "0 NOT NULL CONSTRAINT ck_class_rules_patience CHECK (spread_minutes >= 0 AND ticket_rest_days >= 0)"
    ),
}
"""Default and check of each. SQLite knows a check only together with its column, and keeps old ones only that way."""
TICKET_COLUMNS = ("cycle", "closed_at", "rated_version", "rated_cycle", "rated_good")


def upgrade() -> None:
    for name, rest in RULE_COLUMNS.items():
        op.execute(f"ALTER TABLE class_rules ADD COLUMN {name} INTEGER DEFAULT {rest}")
    _seed()
    op.add_column("tickets", sa.Column("cycle", sa.Integer, nullable=False, server_default="1"))
    op.add_column("tickets", sa.Column("closed_at", Timestamp))
    op.add_column("tickets", sa.Column("rated_version", sa.Integer, nullable=False, server_default="0"))
    op.add_column("tickets", sa.Column("rated_cycle", sa.Integer, nullable=False, server_default="0"))
    op.add_column("tickets", sa.Column("rated_good", sa.Boolean))
    op.execute("UPDATE tickets SET closed_at = changed_at WHERE NOT is_open")


def downgrade() -> None:
    for name in reversed(TICKET_COLUMNS):
        op.drop_column("tickets", name)
    for name in reversed(RULE_COLUMNS):
        op.drop_column("class_rules", name)


def _seed() -> None:
    names = ("rank", "held_back", "spread_minutes", "ticket_rest_days")
    rules = sa.table("class_rules", sa.column("message_class"), *(sa.column(n) for n in names))
    for message_class, *values in RULES:
        changed = dict(zip(names, values, strict=True))
        op.execute(rules.update().where(rules.c.message_class == message_class).values(changed))
