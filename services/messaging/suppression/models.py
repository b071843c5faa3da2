"""Numbers that must not be written to, whoever they belong to. Lifted entries stay, with who lifted them and why."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.suppression.errors import OptOutStands, SuppressionLifted
from services.messaging.tables import Table
from shared import ids
from shared.columns import Timestamp

OPTED_OUT, NUMBER_DEAD, DO_NOT_CONTACT = "opted-out", "number-dead", "do-not-contact"
REASONS = (OPTED_OUT, NUMBER_DEAD, DO_NOT_CONTACT)


class NumberRule(Table, table=True):
    """After how many failures of one kind in a row a number is kept back, and why it then is."""

    __tablename__ = "number_rules"
    __table_args__ = (
        sa.CheckConstraint("failures_in_a_row >= 1", name="at_least_one"),
        sa.CheckConstraint("reason IN ('opted-out', 'number-dead')", name="reason"),
    )

    failure: str = Field(primary_key=True, max_length=20)
    failures_in_a_row: int
    reason: str = Field(max_length=20)


class Suppression(Table, table=True):
    """One number and why it is suppressed since when; known by its blind index only."""

    __tablename__ = "suppressions"
    __table_args__ = (
        sa.UniqueConstraint("id", name="uq_suppressions_id"),
        sa.Index("ix_suppressions_hall_id", "hall", "id"),
        sa.Index("ix_suppressions_county_id", "county", "id"),
        sa.CheckConstraint("reason IN ('opted-out', 'number-dead', 'do-not-contact')", name="reason"),
    )

    phone_index: str = Field(primary_key=True, max_length=64, repr=False)
    reason: str = Field(primary_key=True, max_length=20)
    id: UUID = Field(default_factory=ids.uuid7)
    at: datetime = Field(sa_type=Timestamp)
    inbound_id: UUID | None = None
    phone_masked: str | None = Field(default=None, max_length=20)
    customer_id: UUID | None = None
    hall: str | None = Field(default=None, max_length=64)
    county: str | None = Field(default=None, max_length=64)
    added_by: str = Field(default="system", max_length=80)
    note: str | None = Field(default=None, max_length=200)
    lifted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    lifted_by: str | None = Field(default=None, max_length=80)
    lifted_because: str | None = Field(default=None, max_length=200)

    def lift(self, by: str, because: str, *, now: datetime) -> None:
        """Write to the number again. Raises OptOutStands, SuppressionLifted."""
        if self.reason == OPTED_OUT:
            raise OptOutStands
        if self.lifted_at is not None:
            raise SuppressionLifted
        self.lifted_at, self.lifted_by, self.lifted_because = now, by, because
