"""A ticket, its cycles, its event log, its clocks as last read, and the alarms they rang."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.complaints.tables import Table
from shared.columns import JsonB, Timestamp

_STATUSES = "'new', 'assigned', 'in_progress', 'waiting', 'resolved', 'closed', 'merged', 'withdrawn'"

MATCHED, UNMATCHED = sa.text("customer_id IS NOT NULL"), sa.text("customer_id IS NULL")


class Ticket(Table, table=True):
    """One enquiry or complaint, as it stands. `version` is its ETag and the number of its last event."""

    __tablename__ = "tickets"
    __table_args__ = (
        sa.UniqueConstraint("number", name="uq_tickets_number"),
        sa.UniqueConstraint("source_key", name="uq_tickets_source_key"),
        sa.UniqueConstraint("work_order_source", "work_order_number", name="uq_tickets_work_order"),
        sa.Index("ix_tickets_hall_received_at", "hall", "received_at", "id"),
        sa.Index("ix_tickets_county_received_at", "county", "received_at", "id"),
        sa.Index("ix_tickets_received_at", "received_at", "id"),
        sa.Index(
            "ix_tickets_customer_id",
            "customer_id",
            "received_at",
            sqlite_where=MATCHED,
            postgresql_where=MATCHED,
        ),
        sa.Index("ix_tickets_unmatched", "phone_index", sqlite_where=UNMATCHED, postgresql_where=UNMATCHED),
        sa.CheckConstraint("kind IN ('enquiry', 'complaint')", name="kind"),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        sa.CheckConstraint("cycle >= 1", name="cycle"),
    )

    id: UUID = Field(primary_key=True)
    version: int
    number: str = Field(max_length=40)
    kind: str = Field(max_length=20)
    category: str = Field(max_length=64)
    source: str = Field(max_length=20)
    status: str = Field(max_length=20)
    cycle: int
    level: str = Field(max_length=20)
    customer_id: UUID | None = None
    phone_enc: str | None = Field(default=None, max_length=200, repr=False)
    phone_index: str | None = Field(default=None, max_length=64, repr=False)
    phone_masked: str | None = Field(default=None, max_length=20)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str | None = Field(default=None, max_length=40)
    handler: str | None = Field(default=None, max_length=64)
    tier: str | None = Field(default=None, max_length=20)
    summary: str = Field(max_length=2000)
    received_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
    recorded_by: str = Field(max_length=64)
    source_key: str | None = Field(default=None, max_length=120)
    work_order_source: str | None = Field(default=None, max_length=20)
    work_order_number: str | None = Field(default=None, max_length=64)
    required_by: datetime | None = Field(default=None, sa_type=Timestamp)
    policy_version: int
    calendar_hall: str = Field(max_length=20)
    calendar_version: int
    days_version: int
    resolved_at: datetime | None = Field(default=None, sa_type=Timestamp)
    closed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)


class TicketCycle(Table, table=True):
    """One round of a ticket from opening or reopening to its end. A later cycle never touches an earlier one."""

    __tablename__ = "ticket_cycles"

    ticket_id: UUID = Field(primary_key=True, foreign_key="tickets.id")
    cycle: int = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Timestamp)
    reason: str = Field(max_length=40)
    handler: str | None = Field(default=None, max_length=64)
    responded_at: datetime | None = Field(default=None, sa_type=Timestamp)
    responded_by: str | None = Field(default=None, max_length=64)
    resolved_at: datetime | None = Field(default=None, sa_type=Timestamp)
    cause: str | None = Field(default=None, max_length=64)
    remedy: str | None = Field(default=None, max_length=64)
    responsible_clerk: str | None = Field(default=None, max_length=40)
    responsible_hall: str | None = Field(default=None, max_length=20)
    closed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    close_reason: str | None = Field(default=None, max_length=20)
    score: int | None = None
    rated_at: datetime | None = Field(default=None, sa_type=Timestamp)
    rated_by: str | None = Field(default=None, max_length=64)


class Entry(Table, table=True):
    """One line of the event log: what happened, when, by whom. Only erasing a person ever clears its text."""

    __tablename__ = "ticket_entries"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "seq", name="uq_ticket_entries_seq"),)

    id: UUID = Field(primary_key=True)
    ticket_id: UUID = Field(foreign_key="tickets.id")
    seq: int
    cycle: int
    kind: str = Field(max_length=20)
    at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
    actor: str = Field(max_length=64)
    role: str = Field(max_length=32)
    data: dict[str, Any] = Field(sa_type=JsonB)
    text: str | None = Field(default=None, max_length=2000)


class TicketClock(Table, table=True):
    """A clock as the log gives it, kept so that timers find what is due. Written anew with every entry."""

    __tablename__ = "ticket_clocks"
    __table_args__ = (
        sa.Index(
            "ix_ticket_clocks_alarm_at", "alarm_at",
            sqlite_where=sa.text("alarm_at IS NOT NULL"), postgresql_where=sa.text("alarm_at IS NOT NULL"),
        ),
    )  # fmt: skip

    ticket_id: UUID = Field(primary_key=True, foreign_key="tickets.id")
    cycle: int = Field(primary_key=True)
    clock: str = Field(primary_key=True, max_length=20)
    round: int = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Timestamp)
    warn_at: datetime | None = Field(default=None, sa_type=Timestamp)
    due_at: datetime | None = Field(default=None, sa_type=Timestamp)
    stopped_at: datetime | None = Field(default=None, sa_type=Timestamp)
    within: bool | None = None
    paused: bool
    cancelled: bool
    warned: bool
    missed: bool
    alarm_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def state(self, now: datetime) -> str:
        """running, paused, met, missed, cancelled."""
        if self.cancelled:
            return "cancelled"
        if self.within is not None:
            return "met" if self.within else "missed"
        if self.due_at is not None and self.due_at < now:
            return "missed"
        return "paused" if self.paused else "running"


class ClockAlarm(Table, table=True):
    """A warning or a miss, once each; `due_at` is when it happened, `detected_at` when a timer noticed."""

    __tablename__ = "clock_alarms"
    __table_args__ = (sa.Index("ix_clock_alarms_due_at", "due_at"),)

    ticket_id: UUID = Field(primary_key=True, foreign_key="tickets.id")
    cycle: int = Field(primary_key=True)
    clock: str = Field(primary_key=True, max_length=20)
    round: int = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=10)
    due_at: datetime = Field(sa_type=Timestamp)
    detected_at: datetime = Field(sa_type=Timestamp)


class TicketNumber(Table, table=True):
    """The last number given at a hall on a day."""

    __tablename__ = "ticket_numbers"

    hall: str = Field(primary_key=True, max_length=20)
    day: date = Field(primary_key=True)
    last: int
