"""One line of a hall's list."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.facilities import rules
from services.customer.facilities.errors import FacilityInvalid
from services.customer.tables import Table
from shared import ids
from shared.columns import Timestamp


class Facility(Table, table=True):
    """A facility (self-service terminal, queue machine, seats …) or a promotion of one hall."""

    __tablename__ = "facilities"
    __table_args__ = (
        sa.Index("ix_facilities_hall", "hall", "kind", "id"),
        sa.Index("ix_facilities_county", "county", "id"),
        sa.CheckConstraint("kind IN ('facility', 'promotion')", name="kind"),
        sa.CheckConstraint(
            "condition IS NULL OR condition IN ('good', 'impaired', 'broken')", name="condition"
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    kind: str = Field(max_length=10)
    title: str = Field(max_length=60)
    details: str | None = Field(default=None, max_length=500)
    quantity: int | None = None
    condition: str | None = Field(default=None, max_length=10)
    valid_from: date
    valid_to: date | None = None
    updated_by: str = Field(max_length=80)
    updated_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def listed(cls, place: Mapping[str, Any], content: Mapping[str, Any], *, by: str, now: datetime) -> Self:
        """Raises FacilityInvalid."""
        facility = cls(id=ids.uuid7(), updated_by=by, updated_at=now, **place, **content)
        facility._check()
        return facility

    def revise(self, changes: Mapping[str, Any], *, by: str, now: datetime) -> None:
        """Raises FacilityInvalid."""
        if all(getattr(self, name) == value for name, value in changes.items()):
            return
        for name, value in changes.items():
            setattr(self, name, value)
        self._check()
        self.updated_by, self.updated_at = by, now
        self.version += 1

    def _check(self) -> None:
        members = self.kind, self.quantity, self.condition, self.valid_from, self.valid_to
        if wrong := rules.wrong_members(*members):
            raise FacilityInvalid(errors=wrong)
