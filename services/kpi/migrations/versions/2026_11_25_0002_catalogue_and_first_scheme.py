"""The catalogue of indicators and the first published scheme of every level, as data from `seeds/`."""

import hashlib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "kpi_0002"
down_revision = "kpi_0001"
branch_labels = None
depends_on = None

SEEDS = Path(__file__).parent.parent / "seeds"
LEVELS = ("clerk", "hall", "county", "region")
AT = datetime(2026, 11, 25, tzinfo=UTC)
BY = "system"

INDICATORS = sa.table(
    "indicators",
    *(
        sa.column(name)
        for name in ("code", "name", "definition", "unit", "direction", "when_silent", "owner", "position")
    ),
    sa.column("formula", JsonB),
    sa.column("source_events", JsonB),
)
SCHEMES = sa.table(
    "schemes",
    sa.column("id", sa.Uuid),
    *(
        sa.column(name)
        for name in ("level", "version", "name", "effective_from", "missing_policy", "minimum_sample")
    ),
    *(sa.column(name) for name in ("created_by", "published_by", "sha256")),
    sa.column("created_at", Timestamp),
    sa.column("published_at", Timestamp),
)
SCHEME_ITEMS = sa.table(
    "scheme_items",
    sa.column("scheme_id", sa.Uuid),
    *(sa.column(name) for name in ("indicator", "position", "weight", "target", "tolerance")),
    sa.column("per_head", sa.Boolean),
)


def upgrade() -> None:
    catalogue = orjson.loads((SEEDS / "indicators_v1.json").read_bytes())
    op.bulk_insert(INDICATORS, [{**row, "position": i} for i, row in enumerate(catalogue)])
    scheme = orjson.loads((SEEDS / "scheme_v1.json").read_bytes())
    for level in LEVELS:
        _publish(level, scheme)


def downgrade() -> None:
    for table in (SCHEME_ITEMS, SCHEMES, INDICATORS):
        op.execute(sa.delete(table))


def _publish(level: str, scheme: dict[str, Any]) -> None:
    scheme_id = uuid.uuid5(uuid.NAMESPACE_URL, f"scheme/{level}/1")
    head = {name: value for name, value in scheme.items() if name != "items"}
    row = {
        **head, "id": scheme_id, "level": level, "version": 1, "created_by": BY, "published_by": BY,
        "created_at": AT, "published_at": AT, "sha256": _hash(level, scheme),
    }  # fmt: skip
    op.bulk_insert(SCHEMES, [row])
    op.bulk_insert(SCHEME_ITEMS, [_item(scheme_id, i, item) for i, item in enumerate(scheme["items"])])


def _item(scheme_id: uuid.UUID, position: int, item: dict[str, Any]) -> dict[str, Any]:
    """Weights are stored in hundredths, targets and tolerances in ten-thousandths."""
    tolerance = item.get("tolerance")
    return {
        "scheme_id": scheme_id,
        "indicator": item["indicator"],
        "position": position,
        "weight": item["weight"] * 100,
        "target": round(item["target"] * 10000),
        "tolerance": None if tolerance is None else round(tolerance * 10000),
        "per_head": item.get("per_head", False),
    }


def _hash(level: str, scheme: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps([level, scheme], option=orjson.OPT_SORT_KEYS)).hexdigest()
