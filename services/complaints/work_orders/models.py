"""A 10086 order as the last file told it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.complaints.tables import Table
from services.complaints.work_orders import rules
from shared.columns import Timestamp
from shared.events.complaints import WorkOrderImported

MATCHED, UNMATCHED = sa.text("customer_id IS NOT NULL"), sa.text("customer_id IS NULL")


class WorkOrder(Table, table=True):
    """One order. `source_updated_at` is 10086's own time of change: only newer rows change it."""

    __tablename__ = "work_orders"
    __table_args__ = (
        sa.UniqueConstraint("source", "number", name="uq_work_orders_source_number"),
        sa.Index("ix_work_orders_hall_received_at", "hall", "received_at", "id"),
        sa.Index("ix_work_orders_county_received_at", "county", "received_at", "id"),
        sa.Index("ix_work_orders_received_at", "received_at", "id"),
        sa.Index(
            "ix_work_orders_customer_id",
            "customer_id",
            "received_at",
            sqlite_where=MATCHED,
            postgresql_where=MATCHED,
        ),
        sa.Index(
            "ix_work_orders_unmatched", "phone_index", sqlite_where=UNMATCHED, postgresql_where=UNMATCHED
        ),
        sa.CheckConstraint("status IN ('open', 'settled', 'withdrawn')", name="status"),
    )

    id: UUID = Field(primary_key=True)
    version: int
    source: str = Field(max_length=20)
    number: str = Field(max_length=64)
    category: str = Field(max_length=64)
    category_text: str = Field(max_length=64)
    content: str = Field(max_length=2000)
    received_at: datetime = Field(sa_type=Timestamp)
    due_at: datetime | None = Field(default=None, sa_type=Timestamp)
    status: str = Field(max_length=20)
    status_text: str = Field(max_length=40)
    phone_enc: str | None = Field(default=None, max_length=200, repr=False)
    phone_index: str | None = Field(default=None, max_length=64, repr=False)
    phone_masked: str | None = Field(default=None, max_length=20)
    customer_id: UUID | None = None
    hall: str | None = Field(default=None, max_length=20)
    county: str | None = Field(default=None, max_length=20)
    hall_name: str = Field(max_length=60)
    clerk: str | None = Field(default=None, max_length=40)
    ticket_id: UUID | None = None
    source_updated_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)

    @property
    def binding_deadline(self) -> datetime | None:
        """10086's own deadline, as long as 10086 still waits for the hall."""
        return self.due_at if self.status == rules.OPEN else None

    def told(self) -> WorkOrderImported:
        """The order as it is now, as event."""
        return WorkOrderImported(
            version=self.version, occurred_at=self.source_updated_at, work_order_id=self.id, source=self.source,
            number=self.number, category=self.category, received_at=self.received_at, due_at=self.due_at,
            status=self.status, customer_id=self.customer_id, hall=self.hall, county=self.county,
            clerk=self.clerk, ticket_id=self.ticket_id,
        )  # fmt: skip
