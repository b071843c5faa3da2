"""The dated settings of each class, and the slots in use."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.tables import Table
from shared.columns import Timestamp


class ClassRule(Table, table=True):
    """How often and when a class may be sent, from a day on. Classes of one pool share its slots.

    The hours are minutes of the day; a class that keeps the hall's hours is sent only while both allow it.
    """

    __tablename__ = "class_rules"
    __table_args__ = (
        sa.CheckConstraint("cap >= 0 AND min_gap_days >= 0", name="not_negative"),
        sa.CheckConstraint("rank >= 1 AND held_back >= 0 AND held_back <= cap", name="order"),
        sa.CheckConstraint("spread_minutes >= 0 AND ticket_rest_days >= 0", name="patience"),
        sa.CheckConstraint(
            "sends_from BETWEEN 0 AND 1440 AND sends_until BETWEEN 0 AND 1440", name="minutes"
        ),
    )

    message_class: str = Field(primary_key=True, max_length=20)
    effective_from: date = Field(primary_key=True)
    pool: str | None = Field(default=None, max_length=20, description="None: exempt from any cap.")
    cap: int = 0
    min_gap_days: int = 0
    keeps_hall_hours: bool
    sends_from: int = 0
    sends_until: int = 1440
    patience_minutes: int = Field(description="How long it may wait behind more urgent messages.")
    rank: int = Field(default=9, description="Who comes first when slots are few; 1 is the most important.")
    held_back: int = Field(default=0, description="Slots it leaves to classes that come before it.")
    spread_minutes: int = Field(default=20, description="Over how long what was held overnight leaves.")
    ticket_rest_days: int = Field(
        default=0, description="Days it waits after a ticket without a good rating."
    )


class CapSlot(Table, table=True):
    """One of a customer's slots in a month, held by one message."""

    __tablename__ = "cap_slots"
    __table_args__ = (
        sa.UniqueConstraint("message_id", name="uq_cap_slots_message_id"),
        sa.CheckConstraint("slot_no >= 1", name="from_one"),
    )

    customer_id: UUID = Field(primary_key=True)
    pool: str = Field(primary_key=True, max_length=20)
    month: str = Field(primary_key=True, max_length=7)
    slot_no: int = Field(primary_key=True)
    message_id: UUID
    message_class: str = Field(max_length=20)
    day: date = Field(description="The day on which the message is to be sent, in Shanghai.")
    taken_at: datetime = Field(sa_type=Timestamp)
