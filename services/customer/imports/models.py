"""An import and its rows. The rows' status is the truth and counts are derived, so that a crash miscounts nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.tables import Table
from shared.columns import JsonB, Timestamp


class ImportJob(Table, table=True):
    """One uploaded sheet of one hall. `receiving` until all its rows are here; nobody sees it before."""

    __tablename__ = "import_jobs"
    __table_args__ = (
        sa.Index("ix_import_jobs_status", "status"),
        sa.CheckConstraint(
            "status IN ('receiving', 'queued', 'working', 'completed', 'failed', 'cancelled')", name="status"
        ),
        sa.CheckConstraint("mode IN ('create', 'upsert')", name="mode"),
    )

    id: UUID = Field(primary_key=True)
    status: str = Field(default="receiving", max_length=10)
    mode: str = Field(max_length=10)
    dry_run: bool
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    total: int = 0
    file_name: str = Field(max_length=200)
    created_by: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)
    wording_version: str = Field(max_length=40)
    evidence_kind: str = Field(max_length=40)
    evidence_reference: str = Field(max_length=200)

    def queue(self, total: int) -> None:
        self.status, self.total = "queued", total

    def begin(self) -> None:
        self.status = "working"

    def complete(self, now: datetime) -> None:
        self.status, self.finished_at = "completed", now


class ImportRow(Table, table=True):
    """One line of the sheet: its cells in the form's order while needed, the number sealed, then the outcome."""

    __tablename__ = "import_rows"
    __table_args__ = (
        sa.Index("ix_import_rows_job_id_status", "job_id", "status", "line"),
        sa.Index("ix_import_rows_job_id_phone_index", "job_id", "phone_index"),
        sa.CheckConstraint(
            "status IN ('pending', 'created', 'updated', 'unchanged', 'rejected')", name="status"
        ),
    )

    job_id: UUID = Field(
        sa_column=sa.Column(sa.Uuid, sa.ForeignKey("import_jobs.id", ondelete="CASCADE"), primary_key=True)
    )
    line: int = Field(primary_key=True)
    status: str = Field(default="pending", max_length=10)
    code: str | None = Field(default=None, max_length=40)
    detail: str | None = Field(default=None, max_length=300)
    customer_id: UUID | None = None
    phone_enc: str | None = Field(default=None, max_length=400, repr=False)
    phone_index: str | None = Field(default=None, max_length=64, repr=False)
    phone_masked: str | None = Field(default=None, max_length=20)
    cells: list[str] | None = Field(default=None, sa_column=sa.Column(JsonB), repr=False)


@dataclass(slots=True)
class ImportLine:
    """A row while it is worked on: plain, since a sheet has a hundred thousand."""

    job_id: UUID
    line: int
    status: str
    code: str | None
    detail: str | None
    customer_id: UUID | None
    phone_enc: str | None
    phone_index: str | None
    phone_masked: str | None
    cells: list[str] | None

    def settle(self, status: str, customer_id: UUID | None) -> None:
        """Done: what was only needed to get here is forgotten."""
        self.status, self.customer_id = status, customer_id
        self.phone_enc = self.cells = None

    def reject(self, code: str, detail: str) -> None:
        """Refused; the row is kept as it came, the number sealed, so that it can be corrected and sent again."""
        self.status, self.code, self.detail = "rejected", code, detail[:300]
