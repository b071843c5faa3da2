"""An indicator: how accurate the archive is, by checks of records. It counts once a published scheme weighs it."""

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB

revision = "kpi_0004"
down_revision = "kpi_0003"
branch_labels = None
depends_on = None

INDICATORS = sa.table(
    "indicators",
    *(
        sa.column(name)
        for name in ("code", "name", "definition", "unit", "direction", "when_silent", "owner", "position")
    ),
    sa.column("formula", JsonB),
    sa.column("source_events", JsonB),
)
ACCURACY = {
    "code": "archive_accuracy",
    "name": "档案准确率",
    "definition": "本期核对档案时，正确的项数 ÷ 核对过的项数，记给该客户的客户经理。",
    "unit": "percent",
    "direction": "higher",
    "when_silent": "no_data",
    "owner": "市场部",
    "position": 22,
    "formula": {
        "numerator": [{"kind": "archive_accuracy"}],
        "denominator": [{"kind": "archive_accuracy", "measure": "denominator"}],
    },
    "source_events": ["record.checked"],
}


def upgrade() -> None:
    op.bulk_insert(INDICATORS, [ACCURACY])


def downgrade() -> None:
    op.execute(sa.delete(INDICATORS).where(INDICATORS.c.code == "archive_accuracy"))
