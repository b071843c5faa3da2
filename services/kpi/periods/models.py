"""The state of each period that was ever scored."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.kpi.periods.errors import PeriodAlreadyClosed, PeriodNotOver
from services.kpi.periods.rules import Period
from services.kpi.tables import Table
from shared.columns import Timestamp
from shared.events.kpi import PeriodClosed


class PeriodState(Table, table=True):
    """Open until closed with one run; `checked_at` is when a run last looked whether anything was new."""

    __tablename__ = "periods"
    __table_args__ = (sa.CheckConstraint("(closed_at IS NULL) = (run_id IS NULL)", name="closed_with_a_run"),)

    code: str = Field(primary_key=True, max_length=7)
    checked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    closed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    closed_by: str | None = Field(default=None, max_length=120)
    run_id: UUID | None = None
    version: int = 1

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    def check_open(self) -> None:
        if self.closed:
            raise PeriodAlreadyClosed(period=self.code)

    def close(self, run_id: UUID, *, subjects: int, sha256: str, by: str, now: datetime) -> PeriodClosed:
        """Make this run's figures final. Raises `PeriodNotOver` before its end, `PeriodAlreadyClosed` after."""
        self.check_open()
        if now < Period.parse(self.code).ends_at:
            raise PeriodNotOver(period=self.code)
        self.closed_at, self.closed_by, self.run_id = now, by, run_id
        self.version += 1
        return PeriodClosed(
            version=self.version,
            occurred_at=now,
            period=self.code,
            run_id=run_id,
            closed_at=now,
            closed_by=by,
            subjects=subjects,
            sha256=sha256,
        )
