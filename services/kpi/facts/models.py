"""The fact table. A row is never changed or deleted: corrections are further rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.kpi.tables import Table, seq_column, xid_column
from shared.columns import JsonB, Timestamp


class Fact(Table, table=True):
    """One counted fact. Empty `clerk` means unattributed; `key` is what tells the same thing told twice."""

    __tablename__ = "facts"
    __table_args__ = (
        sa.UniqueConstraint("key", "kind", name="uq_facts_key_kind"),
        sa.Index("ix_facts_xid_seq", "xid", "seq"),
        sa.Index("ix_facts_month_kind", "month", "kind"),
        sa.Index("ix_facts_kind_subject", "kind", "subject"),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, sa_column=seq_column())
    xid: int | None = Field(default=None, sa_column=xid_column())
    kind: str = Field(max_length=40)
    key: UUID
    event_id: UUID
    topic: str = Field(max_length=40)
    subject: str = Field(max_length=200)
    occurred_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
    month: str = Field(max_length=7)
    county: str = Field(max_length=64)
    hall: str = Field(max_length=64)
    clerk: str = Field(max_length=64)
    numerator: int = Field(sa_type=sa.BigInteger)
    denominator: int = Field(sa_type=sa.BigInteger)
    amount_fen: int = Field(sa_type=sa.BigInteger)
    attributes: dict[str, Any] | None = Field(default=None, sa_type=JsonB)
