"""Off-net lists and cleanings. The rows' status is the truth, counts are derived: a crash miscounts nothing."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.imports.rules.reading import Refusal
from services.customer.purges.errors import AlreadyFinished
from services.customer.tables import Table
from shared.columns import Timestamp

BY_THE_CLOCK = "system"


class OffNetList(Table, table=True):
    """One uploaded list of numbers that left. Hall and county limit whom it may concern; empty is everybody."""

    __tablename__ = "off_net_lists"
    __table_args__ = (
        sa.Index("ix_off_net_lists_status", "status", "id"),
        sa.CheckConstraint(
            "status IN ('receiving', 'queued', 'working', 'completed', 'failed', 'cancelled')", name="status"
        ),
    )

    id: UUID = Field(primary_key=True)
    status: str = Field(default="receiving", max_length=10)
    dry_run: bool
    hall: str | None = Field(default=None, max_length=20)
    county: str | None = Field(default=None, max_length=20)
    total: int = 0
    file_name: str = Field(max_length=200)
    created_by: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def queue(self, total: int) -> None:
        self.status, self.total = "queued", total

    def begin(self) -> None:
        self.status = "working"

    def complete(self, now: datetime) -> None:
        self.status, self.finished_at = "completed", now


class OffNetRow(Table, table=True):
    """One line of a list. The number of somebody who is not ours is forgotten as soon as that is known."""

    __tablename__ = "off_net_rows"
    __table_args__ = (
        sa.Index("ix_off_net_rows_list_id_status", "list_id", "status", "line"),
        sa.Index("ix_off_net_rows_customer_id", "customer_id"),
        sa.CheckConstraint("status IN ('pending', 'updated', 'unchanged', 'rejected')", name="status"),
    )

    list_id: UUID = Field(
        sa_column=sa.Column(sa.Uuid, sa.ForeignKey("off_net_lists.id", ondelete="CASCADE"), primary_key=True)
    )
    line: int = Field(primary_key=True)
    status: str = Field(default="pending", max_length=10)
    code: str | None = Field(default=None, max_length=40)
    detail: str | None = Field(default=None, max_length=300)
    customer_id: UUID | None = None
    phone_enc: str | None = Field(default=None, max_length=400, repr=False)
    phone_index: str | None = Field(default=None, max_length=64, repr=False)
    left_text: str = Field(default="", max_length=40)

    def settle(self, status: str, customer_id: UUID | None, why: Refusal | None = None) -> None:
        """Done: the number was only needed to get here."""
        self.status, self.customer_id = status, customer_id
        self.code, self.detail = (why.code, why.detail) if why else (None, None)
        self.phone_enc = self.phone_index = None

    def reject(self, why: Refusal, customer_id: UUID | None = None) -> None:
        """Refused; the number stays sealed, so that the line can be corrected and sent again."""
        self.status, self.code, self.detail, self.customer_id = "rejected", why.code, why.detail, customer_id
        self.phone_index = None


class Purge(Table, table=True):
    """One cleaning, or its rehearsal: everybody in the area who left the network by the end of the month."""

    __tablename__ = "purges"
    __table_args__ = (
        sa.Index("ix_purges_status", "status", "id"),
        sa.CheckConstraint(
            "status IN ('queued', 'working', 'completed', 'failed', 'cancelled')", name="status"
        ),
    )

    id: UUID = Field(primary_key=True)
    status: str = Field(default="queued", max_length=10)
    month: str = Field(max_length=7)
    dry_run: bool
    hall: str | None = Field(default=None, max_length=20)
    county: str | None = Field(default=None, max_length=20)
    total: int = 0
    created_by: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    finished_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def begin(self, total: int) -> None:
        self.status, self.total = "working", total

    def complete(self, now: datetime) -> None:
        self.status, self.finished_at = "completed", now

    def cancel(self, now: datetime) -> None:
        """Stop before the next chunk; who is erased stays erased. Raises AlreadyFinished."""
        if self.status == "cancelled":
            return
        if self.finished_at is not None:
            raise AlreadyFinished
        self.status, self.finished_at = "cancelled", now


class PurgeRow(Table, table=True):
    """One customer of a cleaning, by id: found in a rehearsal, or erased, or spared since they are active again."""

    __tablename__ = "purge_rows"
    __table_args__ = (
        sa.Index("ix_purge_rows_purge_id_status", "purge_id", "status", "customer_id"),
        sa.CheckConstraint("status IN ('pending', 'found', 'erased', 'skipped')", name="status"),
    )

    purge_id: UUID = Field(
        sa_column=sa.Column(sa.Uuid, sa.ForeignKey("purges.id", ondelete="CASCADE"), primary_key=True)
    )
    customer_id: UUID = Field(primary_key=True)
    hall: str = Field(max_length=20)
    left_at: datetime = Field(sa_type=Timestamp)
    status: str = Field(default="pending", max_length=10)
