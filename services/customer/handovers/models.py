"""A hand-over: from whom, to whom, from which day on, and what went along."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.tables import Table
from shared.columns import Timestamp
from shared.security.tenancy import Area


class Handover(Table, table=True):
    """Planned until its day, then done; refused when whoever was to take over is not in post on it."""

    __tablename__ = "handovers"
    __table_args__ = (
        sa.Index("ix_handovers_from_clerk_id", "from_clerk", "id"),
        sa.Index("ix_handovers_status_effective_from", "status", "effective_from"),
        sa.CheckConstraint("status IN ('planned', 'done', 'refused')", name="status"),
        sa.CheckConstraint("from_clerk <> to_clerk", name="two_clerks"),
    )

    id: UUID = Field(primary_key=True)
    from_clerk: str = Field(max_length=40)
    to_clerk: str = Field(max_length=40)
    hall: str = Field(max_length=20, description="Of whoever takes over.")
    county: str = Field(max_length=20)
    of_hall: str | None = Field(default=None, max_length=20, description="Only customers of this hall …")
    of_county: str | None = Field(default=None, max_length=20, description="… or of this county go.")
    effective_from: date
    reason: str = Field(max_length=20)
    status: str = Field(default="planned", max_length=10)
    customers: int = 0
    follow_ups: int = 0
    created_by: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    done_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @property
    def scope(self) -> Area:
        """Whose customers whoever ordered it could see."""
        return Area(county=self.of_county, hall=self.of_hall)

    def refuse(self, *, now: datetime) -> None:
        self.status, self.done_at = "refused", now

    def carry_out(self, customers: int, follow_ups: int, *, now: datetime) -> None:
        self.status, self.done_at = "done", now
        self.customers, self.follow_ups = customers, follow_ups
