"""Numbers that must not be written to, whoever they belong to."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.tables import Table
from shared.columns import Timestamp

OPTED_OUT, NUMBER_DEAD = "opted-out", "number-dead"


class Suppression(Table, table=True):
    """One number and why it is suppressed since when; known by its blind index only."""

    __tablename__ = "suppressions"
    __table_args__ = (sa.CheckConstraint("reason IN ('opted-out', 'number-dead')", name="reason"),)

    phone_index: str = Field(primary_key=True, max_length=64, repr=False)
    reason: str = Field(primary_key=True, max_length=20)
    at: datetime = Field(sa_type=Timestamp)
    inbound_id: UUID | None = None
