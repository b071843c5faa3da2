"""A contract and its reminders. The key of a reminder sees to it that each is given once."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.contracts import rules
from services.customer.contracts.errors import ContractInvalid
from services.customer.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp

REMINDS = sa.text("next_reminder_on IS NOT NULL")
CONTENT = ("title", "number", "starts_on", "ends_on", "remind_days", "note")


class Contract(Table, table=True):
    """What a customer agreed to for a time. Whose it is to look after, the customer's record says."""

    __tablename__ = "contracts"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "number", name="uq_contracts_number"),
        sa.Index("ix_contracts_ends_on", "ends_on", "id"),
        sa.Index(
            "ix_contracts_next_reminder_on",
            "next_reminder_on",
            sqlite_where=REMINDS,
            postgresql_where=REMINDS,
        ),
        sa.CheckConstraint("ends_on >= starts_on", name="dates"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    customer_id: UUID
    title: str = Field(max_length=60)
    number: str = Field(max_length=60, repr=False)
    starts_on: date
    ends_on: date
    remind_days: list[int] = Field(sa_column=sa.Column(JsonB, nullable=False))
    next_reminder_on: date | None = None
    note: str | None = Field(default=None, max_length=200, repr=False)
    created_by: str = Field(max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def agreed(
        cls, customer_id: UUID, content: Mapping[str, Any], *, by: str, today: date, now: datetime
    ) -> Self:
        """Raises ContractInvalid. What should have been remembered before today is not made up for."""
        contract = cls(id=ids.uuid7(), customer_id=customer_id, created_by=by, created_at=now, **content)
        contract._plan(today)
        return contract

    def revise(self, changes: Mapping[str, Any], *, today: date) -> bool:
        """Take over what differs; whether anything does. Raises ContractInvalid."""
        differing = {name: value for name, value in changes.items() if getattr(self, name) != value}
        for name, value in differing.items():
            setattr(self, name, value)
        if differing:
            self.version += 1
            self._plan(today)
        return bool(differing)

    def remind(self, today: date) -> "ContractReminder":
        """The reminder that is due, and on to the next."""
        assert self.next_reminder_on is not None
        reminder = ContractReminder(
            id=ids.uuid7(), contract_id=self.id, ends_on=self.ends_on, due_on=self.next_reminder_on,
            days_before=rules.days_before(self.ends_on, self.next_reminder_on),
        )  # fmt: skip
        later = date.fromordinal(self.next_reminder_on.toordinal() + 1)
        self.next_reminder_on = rules.next_reminder(self.ends_on, self.remind_days, later)
        return reminder

    def _plan(self, today: date) -> None:
        if wrong := rules.wrong_dates(self.starts_on, self.ends_on):
            raise ContractInvalid(errors=wrong)
        self.next_reminder_on = rules.next_reminder(self.ends_on, self.remind_days, today)


class ContractReminder(Table, table=True):
    """That a contract ends in so many days: due once, done when somebody spoke with the customer."""

    __tablename__ = "contract_reminders"
    __table_args__ = (
        sa.UniqueConstraint("contract_id", "ends_on", "days_before", name="uq_contract_reminders_once"),
        sa.Index("ix_contract_reminders_due_on", "due_on", "id"),
    )

    id: UUID = Field(primary_key=True)
    contract_id: UUID = Field(
        sa_column=sa.Column(sa.Uuid, sa.ForeignKey("contracts.id", ondelete="CASCADE"), nullable=False)
    )
    ends_on: date
    due_on: date
    days_before: int
    done_at: datetime | None = Field(default=None, sa_type=Timestamp)
    done_by: str | None = Field(default=None, max_length=80)

    def complete(self, by: str, *, now: datetime) -> None:
        """Once; whoever comes later changes nothing."""
        if self.done_at is None:
            self.done_at, self.done_by = now, by
