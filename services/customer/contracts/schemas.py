"""Bodies of contracts and reminders."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from services.customer.archive.schemas import Note
from services.customer.consent.schemas import line, not_emptied
from services.customer.contracts.models import Contract, ContractReminder
from services.customer.contracts.rules import MOST_DAYS, USUAL_DAYS
from shared.phones import hide_numbers


def _once_latest_first(days: list[int]) -> list[int]:
    return sorted(set(days), reverse=True)


Line = Annotated[
    str,
    line(60),
    AfterValidator(hide_numbers),
]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2100, 12, 31))]
Days = Annotated[
    list[Annotated[int, Field(ge=0, le=MOST_DAYS)]], Field(max_length=10), AfterValidator(_once_latest_first)
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContractCreate(_Body):
    """A contract of a customer; reminded of so many days before its end."""

    customer_id: UUID
    title: Line
    number: Line
    starts_on: Day
    ends_on: Day
    remind_days: Days = list(USUAL_DAYS)
    note: Note | None = None
    clerk: Line | None = None

    def content(self) -> dict[str, Any]:
        return self.model_dump(exclude={"customer_id", "clerk"})


class ContractPatch(_Body):
    """The members to change; what is absent stays."""

    title: Line | None = None
    number: Line | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    remind_days: Days | None = None
    note: Note | None = None

    _stays = field_validator("title", "number", "starts_on", "ends_on", "remind_days", mode="before")(
        not_emptied
    )

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class ContractRead(BaseModel):
    """A contract."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    customer_id: UUID
    title: str
    number: str
    starts_on: date
    ends_on: date
    remind_days: list[int]
    next_reminder_on: date | None
    note: str | None
    created_by: str
    created_at: datetime


class ReminderRead(BaseModel):
    """That a contract ends in so many days."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    contract_id: UUID
    ends_on: date
    due_on: date
    days_before: int
    done_at: datetime | None
    done_by: str | None


class DueRead(ReminderRead):
    """A reminder as the list shows it, with its contract."""

    contract: ContractRead

    @classmethod
    def of(cls, row: tuple[ContractReminder, Contract]) -> Self:
        reminder, contract = row[:2]
        shown = ReminderRead.model_validate(reminder).model_dump()
        return cls(**shown, contract=ContractRead.model_validate(contract))
