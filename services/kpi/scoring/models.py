"""Runs, their parts by place, and the scores. All rows are written once."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.kpi.commit_order import Position
from services.kpi.tables import Hundredths, Table, TenThousandths, seq_column, xid_column
from shared.columns import JsonB, Timestamp


class Run(Table, table=True):
    """One computation of a period: what it read, by which rules, and the hash of what came out.

    `watermark` is the place in the facts up to which it read; `definitions` are the formulas it used.
    """

    __tablename__ = "runs"
    __table_args__ = (sa.Index("ix_runs_period_completed_at", "period", "completed_at"),)

    id: UUID = Field(primary_key=True)
    period: str = Field(max_length=7)
    watermark_xid: int = Field(sa_type=sa.BigInteger)
    watermark_seq: int = Field(sa_type=sa.BigInteger)
    as_of: datetime = Field(sa_type=Timestamp)
    completed_at: datetime = Field(sa_type=Timestamp)
    triggered_by: str = Field(max_length=120)
    previous_run_id: UUID | None = None
    scheme_versions: dict[str, int] = Field(sa_type=JsonB)
    definitions: dict[str, Any] = Field(sa_type=JsonB)
    inputs_sha256: str = Field(max_length=64)
    sha256: str = Field(max_length=64)
    scores: int

    @property
    def watermark(self) -> Position:
        return Position(self.watermark_xid, self.watermark_seq)


class RunPart(Table, table=True):
    """An indicator's figure where it is credited: the smallest part, of which all levels are sums."""

    __tablename__ = "run_parts"

    run_id: UUID = Field(primary_key=True, foreign_key="runs.id")
    indicator: str = Field(primary_key=True, max_length=40)
    county: str = Field(primary_key=True, max_length=64)
    hall: str = Field(primary_key=True, max_length=64)
    clerk: str = Field(primary_key=True, max_length=64)
    numerator: Decimal = Field(sa_type=Hundredths)
    denominator: Decimal = Field(sa_type=Hundredths)
    facts: int


class Score(Table, table=True):
    """A subject's score in one run; `peers` is how many were ranked with it, `sample` on how many facts it rests."""

    __tablename__ = "scores"
    __table_args__ = (
        sa.UniqueConstraint("run_id", "level", "subject", name="uq_scores_run_id_level_subject"),
        sa.UniqueConstraint("id", name="uq_scores_id"),
        sa.Index("ix_scores_xid_seq", "xid", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: int | None = Field(default=None, sa_column=seq_column())
    xid: int | None = Field(default=None, sa_column=xid_column())
    id: UUID
    run_id: UUID = Field(foreign_key="runs.id")
    period: str = Field(max_length=7)
    level: str = Field(max_length=10)
    subject: str = Field(max_length=64)
    county: str = Field(max_length=64)
    hall: str = Field(max_length=64)
    score: Decimal | None = Field(default=None, sa_type=Hundredths)
    rank: int | None = None
    peers: int
    sample: int
    scheme_id: UUID = Field(foreign_key="schemes.id")
    scheme_version: int


class ScoreIndicator(Table, table=True):
    """What one indicator added to a score. Null value, points and contribution mean no data."""

    __tablename__ = "score_indicators"

    score_id: UUID = Field(primary_key=True, foreign_key="scores.id")
    code: str = Field(primary_key=True, max_length=40)
    position: int
    numerator: Decimal = Field(sa_type=Hundredths)
    denominator: Decimal = Field(sa_type=Hundredths)
    value: Decimal | None = Field(default=None, sa_type=TenThousandths)
    target: Decimal = Field(sa_type=TenThousandths)
    weight: Decimal = Field(sa_type=Hundredths)
    points: Decimal | None = Field(default=None, sa_type=Hundredths)
    contribution: Decimal | None = Field(default=None, sa_type=Hundredths)
    facts: int
