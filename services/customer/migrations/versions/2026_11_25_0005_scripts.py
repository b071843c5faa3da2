"""The library of scripts with its search terms and uses, and the scripts every hall starts with from `seeds/`."""

import re
import uuid
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from shared.columns import Timestamp

revision = "2026_11_25_0005"
down_revision = "2026_11_25_0004"
branch_labels = None
depends_on = None

SEEDS = Path(__file__).parent.parent / "seeds"
AT = datetime(2026, 11, 25, tzinfo=UTC)
SINCE = date(2026, 11, 25)
AUTHOR, APPROVER = "system", "regional_office"
WEIGHTS = {"title": 4, "category": 2, "text": 1}
RUNS = re.compile(r"(?P<han>[\u3007\u3400-\u4dbf\u4e00-\u9fff]+)|(?P<word>[a-z0-9]+)")


def upgrade() -> None:
    _create_scripts()
    _create_terms()
    _create_uses()
    _plant()


def downgrade() -> None:
    for table in ("script_uses", "script_terms", "scripts"):
        op.drop_table(table)


def _create_scripts() -> None:
    op.create_table(
        "scripts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("audience", sa.String(20), nullable=False),
        sa.Column("moment", sa.String(30), nullable=False),
        sa.Column("category", sa.String(30), nullable=False),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("approved_by", sa.String(80)),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("approved_at", Timestamp),
        sa.Column("retired_at", Timestamp),
        sa.PrimaryKeyConstraint("id", "version", name="pk_scripts"),
        sa.CheckConstraint(
            "audience IN ('enquirer', 'complainant', 'all')", name=op.f("ck_scripts_audience")
        ),
        sa.CheckConstraint("state IN ('draft', 'approved', 'retired')", name=op.f("ck_scripts_state")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> author", name=op.f("ck_scripts_approved_by_another")
        ),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_scripts_dates_in_order")
        ),
    )
    draft = sa.text("state = 'draft'")
    op.create_index(
        "uq_scripts_draft", "scripts", ["id"], unique=True, sqlite_where=draft, postgresql_where=draft
    )
    op.create_index("ix_scripts_moment", "scripts", ["moment", "audience", "state"])


def _create_terms() -> None:
    op.create_table(
        "script_terms",
        sa.Column("term", sa.String(32), nullable=False),
        sa.Column("script_id", sa.Uuid, nullable=False),
        sa.Column("script_version", sa.Integer, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("term", "script_id", "script_version", name="pk_script_terms"),
        _of_a_script("script_terms"),
    )
    op.create_index("ix_script_terms_script", "script_terms", ["script_id", "script_version"])


def _create_uses() -> None:
    op.create_table(
        "script_uses",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("script_id", sa.Uuid, nullable=False),
        sa.Column("script_version", sa.Integer, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("clerk", sa.String(80), nullable=False),
        sa.Column("hall", sa.String(20)),
        sa.Column("county", sa.String(20)),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("outcome", sa.String(10)),
        sa.PrimaryKeyConstraint("id", name="pk_script_uses"),
        _of_a_script("script_uses"),
        sa.CheckConstraint("outcome IN ('accepted', 'declined')", name=op.f("ck_script_uses_outcome")),
    )
    op.create_index("ix_script_uses_script", "script_uses", ["script_id", "script_version", "at"])
    op.create_index("ix_script_uses_customer_id", "script_uses", ["customer_id"])
    op.create_index("ix_script_uses_hall_at", "script_uses", ["hall", "at"])
    op.create_index("ix_script_uses_county_at", "script_uses", ["county", "at"])


def _of_a_script(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["script_id", "script_version"], ["scripts.id", "scripts.version"], name=f"fk_{table}_script"
    )


def _plant() -> None:
    """Approved from the start, by somebody else than their author like all others."""
    seeds = orjson.loads((SEEDS / "scripts_v1.json").read_bytes())
    ids = [uuid.uuid5(uuid.NAMESPACE_OID, f"script/{s['moment']}/{s['audience']}") for s in seeds]
    op.bulk_insert(SCRIPTS, [{"id": key, **s, **SHARED} for key, s in zip(ids, seeds, strict=True)])
    op.bulk_insert(TERMS, [row for key, s in zip(ids, seeds, strict=True) for row in _terms(key, s)])


def _terms(script_id: uuid.UUID, seed: dict[str, Any]) -> list[dict[str, Any]]:
    """Every character, every two neighbours, every Latin word: as the search looked for them on this day."""
    weights: dict[str, int] = {}
    for part, weight in WEIGHTS.items():
        for term in _terms_in(seed[part]):
            weights[term] = weights.get(term, 0) + weight
    return [
        {"term": term, "script_id": script_id, "script_version": 1, "weight": weight}
        for term, weight in weights.items()
    ]


def _terms_in(text: str) -> set[str]:
    terms: set[str] = set()
    for run in RUNS.finditer(text.casefold()):
        han = run["han"] or ""
        terms.update([run["word"]] if run["word"] else [*han, *(a + b for a, b in pairwise(han))])
    return terms


SHARED = {
    "version": 1, "revision": 1, "state": "approved", "valid_from": SINCE, "valid_to": None, "author": AUTHOR,
    "approved_by": APPROVER, "created_at": AT, "approved_at": AT, "retired_at": None,
}  # fmt: skip
SCRIPTS = sa.table(
    "scripts",
    sa.column("id", sa.Uuid),
    *(sa.column(name) for name in ("version", "revision", "audience", "moment", "category", "title", "text")),
    *(sa.column(name) for name in ("state", "author", "approved_by")),
    *(sa.column(name, sa.Date) for name in ("valid_from", "valid_to")),
    *(sa.column(name, Timestamp) for name in ("created_at", "approved_at", "retired_at")),
)
TERMS = sa.table(
    "script_terms",
    sa.column("term"),
    sa.column("script_id", sa.Uuid),
    *(sa.column(name) for name in ("script_version", "weight")),
)
