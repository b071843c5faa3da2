"""The job and its rows. What a row said is kept only until it is applied; its outcome stays for the report."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.complaints.tables import Table
from shared.columns import JsonB, Timestamp
from shared.security.tenancy import Area


class ImportJob(Table, table=True):
    """One file on its way in."""

    __tablename__ = "import_jobs"
    __table_args__ = (
        sa.Index("ix_import_jobs_status", "status", "id"),
        sa.CheckConstraint(
            "status IN ('queued', 'working', 'completed', 'failed', 'cancelled')", name="status"
        ),
    )

    id: UUID = Field(primary_key=True)
    status: str = Field(max_length=20)
    file_name: str = Field(max_length=200)
    file_sha256: str = Field(max_length=64)
    dry_run: bool
    everything: bool
    county: str | None = Field(default=None, max_length=20)
    hall: str | None = Field(default=None, max_length=20)
    created_by: str = Field(max_length=64)
    role: str = Field(max_length=32)
    total: int
    done: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    created_at: datetime = Field(sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @property
    def area(self) -> Area:
        """The area of whoever sent the file: rows for halls outside it are refused."""
        return Area(
            county=self.county, hall=self.hall, nothing=not (self.everything or self.county or self.hall)
        )

    def progress(self, outcomes: list[str]) -> None:
        """Count what became of the rows of one chunk."""
        self.status = "working"
        self.done += len(outcomes)
        for name in ("created", "updated", "unchanged", "rejected"):
            setattr(self, name, getattr(self, name) + outcomes.count(name))

    def finish(self, now: datetime) -> None:
        self.status, self.finished_at = "completed", now


class ImportRow(Table, table=True):
    """One row of a file: pending, created, updated, unchanged or rejected."""

    __tablename__ = "import_rows"
    __table_args__ = (
        sa.Index(
            "ix_import_rows_pending", "job_id", "line",
            sqlite_where=sa.text("status = 'pending'"), postgresql_where=sa.text("status = 'pending'"),
        ),
        sa.CheckConstraint("status IN ('pending', 'created', 'updated', 'unchanged', 'rejected')", name="status"),
    )  # fmt: skip

    job_id: UUID = Field(primary_key=True, foreign_key="import_jobs.id")
    line: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    status: str = Field(max_length=20)
    external_id: str | None = Field(default=None, max_length=64)
    code: str | None = Field(default=None, max_length=40)
    detail: str | None = Field(default=None, max_length=200)
    staged: dict[str, Any] | None = Field(default=None, sa_type=JsonB, repr=False)
    """The order with its number sealed, until it is applied."""

    def settle(self, status: str, code: str | None = None, detail: str | None = None) -> None:
        self.status, self.code, self.detail, self.staged = status, code, detail, None
