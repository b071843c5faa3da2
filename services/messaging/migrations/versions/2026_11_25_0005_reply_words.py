"""The words that replies are read by as data; replies of unknown numbers wait for a person."""

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0005"
down_revision = "2026_11_25_0004"
branch_labels = None
depends_on = None

WORDS = {
    "opt_out": ("R", "T", "TD", "0000", "退订", "退訂", "拒收"),
    "denial": ("N", "NO", "否", "不是我", "非本人", "不是本人"),
}
UNMATCHED = "customer_id IS NULL AND handled_at IS NULL AND kind <> 'opt_out'"


def upgrade() -> None:
    op.create_table(
        "reply_words",
        sa.Column("word", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_reply_words"),
        sa.CheckConstraint("kind IN ('opt_out', 'denial')", name=op.f("ck_reply_words_kind")),
    )
    words = sa.table("reply_words", sa.column("word"), sa.column("kind"))
    op.bulk_insert(words, [{"word": word, "kind": kind} for kind in WORDS for word in WORDS[kind]])
    op.add_column("replies", sa.Column("handled_by", sa.String(80)))
    op.add_column("replies", sa.Column("handled_at", Timestamp))
    op.add_column("replies", sa.Column("note", sa.String(200)))
    op.create_index(
        "ix_replies_unmatched",
        "replies",
        ["received_at", "id"],
        sqlite_where=sa.text(UNMATCHED),
        postgresql_where=sa.text(UNMATCHED),
    )


def downgrade() -> None:
    op.drop_index("ix_replies_unmatched", "replies")
    for column in ("note", "handled_at", "handled_by"):
        op.drop_column("replies", column)
    op.drop_table("reply_words")
