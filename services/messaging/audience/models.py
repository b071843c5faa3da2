"""Projections of other services' facts. Each group of columns that its own events move has its own version.

A customer's row may be made by whichever event comes first: what it does not tell stays empty until another does.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.tables import Table
from shared.columns import Timestamp

ACTIVE, LEFT, PURGED = "active", "left", "purged"


class Customer(Table, table=True):
    """One customer as far as messaging may know: no name, the number sealed."""

    __tablename__ = "customers"
    __table_args__ = (
        sa.Index("ix_customers_phone_index", "phone_index"),
        sa.Index("ix_customers_hall_id", "hall", "id"),
        sa.Index(
            "ix_customers_departed",
            "departed_at",
            sqlite_where=sa.text("departed_at IS NOT NULL"),
            postgresql_where=sa.text("departed_at IS NOT NULL"),
        ),
        sa.CheckConstraint("status IN ('active', 'left', 'purged')", name="status"),
    )

    id: UUID = Field(primary_key=True)
    version: int = Field(default=0, description="Of the snapshot: number, profile, archived_at.")
    phone_enc: str | None = Field(default=None, max_length=120, repr=False)
    phone_index: str | None = Field(default=None, max_length=64, repr=False)
    phone_masked: str | None = Field(default=None, max_length=20)
    brand: str | None = Field(default=None, max_length=64)
    age_band: str | None = Field(default=None, max_length=64)
    spend_band: str | None = Field(default=None, max_length=64)
    tier_version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    tier: str | None = Field(default=None, max_length=64)
    habits: str | None = Field(default=None, sa_type=sa.Text, description="Codes, each between bars: |1|4|.")
    preferences: str | None = Field(default=None, sa_type=sa.Text, description="The same.")
    archived_at: datetime | None = Field(default=None, sa_type=Timestamp)
    placed_version: int = 0
    hall: str = Field(max_length=64)
    county: str = Field(max_length=64)
    clerk: str = Field(max_length=64)
    stored_version: int = 0
    number_stored_at: datetime | None = Field(default=None, sa_type=Timestamp)
    status_version: int = 0
    status: str = Field(default=ACTIVE, max_length=10)
    departed_at: datetime | None = Field(
        default=None,
        sa_type=Timestamp,
        description="When the relation ended: consents are kept for a while yet.",
    )

    @property
    def is_known(self) -> bool:
        """Whether a snapshot has come, so that there is a number to write to."""
        return self.phone_enc is not None

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE


class Consent(Table, table=True):
    """The customer's last word on one purpose; it may arrive before the customer does."""

    __tablename__ = "consents"

    customer_id: UUID = Field(primary_key=True)
    purpose: str = Field(primary_key=True, max_length=64)
    version: int
    granted: bool
    consent_id: UUID
    at: datetime = Field(sa_type=Timestamp)
    wording_version: str | None = Field(default=None, max_length=64)


class Hall(Table, table=True):
    """A hall: the name that signs, the number to call back, the hours in which it may send."""

    __tablename__ = "halls"

    code: str = Field(primary_key=True, max_length=64)
    version: int
    full_name: str = Field(max_length=120)
    county: str = Field(max_length=64)
    number: str = Field(max_length=40)
    sms_from: int = Field(description="Minute of the day.")
    sms_until: int = Field(description="Minute of the day; equal to `sms_from` means the whole day.")
    busy_from_day: int
    busy_to_day: int
    effective_to: date | None = None

    def words(self) -> dict[str, str]:
        """The variables that every template may use."""
        return {
            "hall": self.full_name,
            "hall_number": self.number,
            "busy_from": str(self.busy_from_day),
            "busy_to": str(self.busy_to_day),
        }


class Ticket(Table, table=True):
    """Whether a customer's enquiry or complaint is open, when it closed and how it was rated (M4).

    State and rating come on different topics in any order: each has its own version, and the cycle it is about.
    """

    __tablename__ = "tickets"
    __table_args__ = (sa.Index("ix_tickets_customer_id", "customer_id"),)

    ticket_id: UUID = Field(primary_key=True)
    customer_id: UUID | None = None
    version: int = 0
    is_open: bool = True
    cycle: int = 1
    changed_at: datetime = Field(sa_type=Timestamp)
    closed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    rated_version: int = 0
    rated_cycle: int = 0
    rated_good: bool | None = None
