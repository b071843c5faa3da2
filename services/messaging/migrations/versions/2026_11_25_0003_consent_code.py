"""A message may hold one sealed word, and the first that does: the code that confirms a consent."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0003"
down_revision = "2026_11_25_0002"
branch_labels = None
depends_on = None

AT = datetime(2026, 11, 25, tzinfo=UTC)
TEMPLATE = {
    "code": "consent_code",
    "version": 1,
    "title": "同意确认验证码",
    "message_class": "confirmation",
    "text": (
        "您正在我厅确认同意：{purposes}。验证码{code}，10分钟内有效，请念给为您办理的营业员。"
        "如非本人办理，请不要告诉他人。"
    ),
    "author": "system",
    "approver": "system",
    "created_at": AT,
    "approved_at": AT,
}
TEMPLATES = sa.table(
    "templates",
    *(sa.column(name) for name in TEMPLATE if not name.endswith("_at")),
    sa.column("created_at", Timestamp),
    sa.column("approved_at", Timestamp),
)


def upgrade() -> None:
    op.add_column("messages", sa.Column("secret_enc", sa.String(120)))
    op.bulk_insert(TEMPLATES, [TEMPLATE])


def downgrade() -> None:
    op.execute(sa.delete(TEMPLATES).where(TEMPLATES.c.code == TEMPLATE["code"]))
    op.drop_column("messages", "secret_enc")
