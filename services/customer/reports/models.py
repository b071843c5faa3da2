"""Market reports, and work reports. Verbs guard, change and return the event that a report was handed in."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.reports.errors import NotTheAuthor, ReportSubmittedAlready
from services.customer.reports.rules import Period
from services.customer.tables import Table
from shared.columns import JsonB, Timestamp
from shared.events.customer import ReportSubmitted


class MarketReport(Table, table=True):
    """What a clerk saw of the market or a competitor; handed in as it is written."""

    __tablename__ = "market_reports"
    __table_args__ = (
        sa.Index("ix_market_reports_hall_id", "hall", "id"),
        sa.Index("ix_market_reports_county_id", "county", "id"),
        sa.CheckConstraint("kind IN ('market', 'competitor')", name="kind"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    kind: str = Field(max_length=10)
    title: str = Field(max_length=80)
    content: str = Field(max_length=2000)
    competitor: str | None = Field(default=None, max_length=60)
    observed_on: date
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    submitted_at: datetime = Field(sa_type=Timestamp)

    def submitted(self) -> ReportSubmitted:
        return ReportSubmitted(
            occurred_at=self.submitted_at, report_id=self.id, kind=self.kind, clerk=self.clerk, hall=self.hall,
            county=self.county, period=self.observed_on.isoformat(),
        )  # fmt: skip

    def revise(self, changes: Mapping[str, Any], *, by: str) -> None:
        """Raises NotTheAuthor."""
        if by != self.clerk:
            raise NotTheAuthor
        if any(getattr(self, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(self, name, value)
            self.version += 1


class WorkReport(Table, table=True):
    """A clerk's day, week or month: figures from the record, words of the clerk. Handed in, it stands."""

    __tablename__ = "work_reports"
    __table_args__ = (
        sa.UniqueConstraint("clerk", "kind", "period", name="uq_work_reports_once"),
        sa.Index("ix_work_reports_hall_id", "hall", "id"),
        sa.Index("ix_work_reports_county_id", "county", "id"),
        sa.CheckConstraint("kind IN ('daily', 'weekly', 'monthly')", name="kind"),
        sa.CheckConstraint("status IN ('draft', 'submitted')", name="status"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    status: str = Field(default="draft", max_length=10)
    kind: str = Field(max_length=10)
    period: str = Field(max_length=10)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    figures: dict[str, int] = Field(sa_column=sa.Column(JsonB, nullable=False))
    comment: str = Field(default="", max_length=2000)
    due_at: datetime = Field(sa_type=Timestamp)
    generated_at: datetime = Field(sa_type=Timestamp)
    submitted_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def comment_on(self, comment: str, figures: Mapping[str, int], *, by: str, now: datetime) -> None:
        """The clerk's words, and the figures as they are now. Raises NotTheAuthor, ReportSubmittedAlready."""
        self._guard(by)
        self.comment, self.figures, self.generated_at = comment, dict(figures), now
        self.version += 1

    def submit(
        self, figures: Mapping[str, int], period: Period, *, by: str, now: datetime
    ) -> ReportSubmitted:
        """Hand it in with the figures of this moment. Raises NotTheAuthor, ReportSubmittedAlready."""
        self._guard(by)
        self.figures, self.generated_at = dict(figures), now
        self.status, self.submitted_at = "submitted", now
        self.version += 1
        return ReportSubmitted(
            version=self.version, occurred_at=now, report_id=self.id, kind=f"work_{self.kind}", clerk=self.clerk,
            hall=self.hall, county=self.county, period=self.period, due_at=period.due_at,
        )  # fmt: skip

    def _guard(self, by: str) -> None:
        if by != self.clerk:
            raise NotTheAuthor
        if self.status == "submitted":
            raise ReportSubmittedAlready
