"""Bodies of checks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.customer.archive.schemas import StaffNo
from services.customer.checks.repository import Accuracy
from services.customer.checks.rules import Checked


class CheckCreate(BaseModel):
    """Each field that was compared: right or not. `clerk` where a machine writes for somebody."""

    model_config = ConfigDict(extra="forbid")

    fields: Annotated[dict[Checked, bool], Field(min_length=1)]
    clerk: StaffNo | None = None


class CheckRead(BaseModel):
    """A check."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer_id: UUID
    hall: str
    clerk: str
    checked_by: str
    at: datetime
    fields: dict[Checked, bool]
    fields_right: int
    fields_checked: int


class AccuracyRow(BaseModel):
    """One clerk."""

    model_config = ConfigDict(from_attributes=True)

    hall: str
    clerk: str
    checks: int
    fields_right: int
    fields_checked: int


class AccuracyRead(BaseModel):
    """A month: numerator and denominator, and whose records they are."""

    month: str
    checks: int
    numerator: int
    denominator: int
    items: list[AccuracyRow]

    @classmethod
    def of(cls, month: str, found: Sequence[Accuracy]) -> Self:
        return cls(
            month=month,
            checks=sum(row.checks for row in found),
            numerator=sum(row.fields_right for row in found),
            denominator=sum(row.fields_checked for row in found),
            items=[AccuracyRow.model_validate(row) for row in found],
        )
