"""One check of one record. It says which fields were right, and not what stands in them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.archive.models import Customer
from services.customer.checks import rules
from services.customer.checks.errors import ChecksOwnRecord
from services.customer.checks.rules import Checked
from services.customer.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp
from shared.events.customer import RecordChecked


class RecordCheck(Table, table=True):
    """What somebody other than the customer's manager found when they compared the record with the truth."""

    __tablename__ = "record_checks"
    __table_args__ = (
        sa.Index("ix_record_checks_customer_id", "customer_id", "id"),
        sa.Index("ix_record_checks_at", "at"),
        sa.CheckConstraint("fields_right >= 0 AND fields_right <= fields_checked", name="ratio"),
        sa.CheckConstraint("checked_by <> clerk", name="other_than_clerk"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    checked_by: str = Field(max_length=80)
    at: datetime = Field(sa_type=Timestamp)
    fields: dict[str, bool] = Field(sa_column=sa.Column(JsonB, nullable=False))
    fields_right: int
    fields_checked: int

    @classmethod
    def of(cls, customer: Customer, found: Mapping[Checked, bool], *, by: str, now: datetime) -> Self:
        """Raises ChecksOwnRecord."""
        if by == customer.clerk:
            raise ChecksOwnRecord
        right, checked = rules.ratio(found)
        return cls(
            id=ids.uuid7(), customer_id=customer.id, hall=customer.hall, county=customer.county, clerk=customer.clerk,
            checked_by=by, at=now, fields={str(name): value for name, value in found.items()}, fields_right=right,
            fields_checked=checked,
        )  # fmt: skip

    def told(self) -> RecordChecked:
        return RecordChecked(
            occurred_at=self.at, customer_id=self.customer_id, hall=self.hall, county=self.county, clerk=self.clerk,
            check_id=self.id, checked_by=self.checked_by, fields_right=self.fields_right,
            fields_checked=self.fields_checked,
        )  # fmt: skip
