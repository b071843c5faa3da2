"""The task to call a customer back."""

from datetime import datetime
from typing import Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.complaints.tables import Table
from services.complaints.tickets.models import Ticket
from shared import ids
from shared.columns import Timestamp


class Callback(Table, table=True):
    """One call-back of one cycle: open until somebody has asked the customer."""

    __tablename__ = "callbacks"
    __table_args__ = (
        sa.UniqueConstraint("ticket_id", "cycle", name="uq_callbacks_cycle"),
        sa.Index("ix_callbacks_hall_status", "hall", "status", "id"),
        sa.Index("ix_callbacks_county_status", "county", "status", "id"),
        sa.CheckConstraint("status IN ('open', 'done')", name="status"),
    )

    id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(foreign_key="tickets.id")
    number: str = Field(max_length=40)
    cycle: int
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    handler: str | None = Field(default=None, max_length=64)
    status: str = Field(max_length=10)
    created_at: datetime = Field(sa_type=Timestamp)
    done_at: datetime | None = Field(default=None, sa_type=Timestamp)
    done_by: str | None = Field(default=None, max_length=64)
    score: int | None = None

    @classmethod
    def owed(cls, ticket: Ticket, *, now: datetime) -> Self:
        return cls(
            id=ids.uuid7(), ticket_id=ticket.id, number=ticket.number, cycle=ticket.cycle, hall=ticket.hall,
            county=ticket.county, handler=ticket.handler, status="open", created_at=now,
        )  # fmt: skip

    def done(self, by: str, score: int, *, now: datetime) -> None:
        self.status, self.done_by, self.done_at, self.score = "done", by, now, score
