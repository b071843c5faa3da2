"""The directory's copy. Rows are written by their version and never edited here."""

from datetime import date
from typing import Any, Self

from sqlmodel import Field

from services.complaints.tables import Table
from shared.columns import JsonB
from shared.events.customer import ClerkChanged, HallChanged


class Hall(Table, table=True):
    """A hall as last told."""

    __tablename__ = "halls"

    code: str = Field(primary_key=True, max_length=20)
    full_name: str = Field(max_length=60)
    short_name: str = Field(max_length=60)
    county: str = Field(max_length=20)
    county_name: str = Field(max_length=60)
    opening_hours: list[dict[str, Any]] = Field(sa_type=JsonB)
    effective_to: date | None = None
    version: int

    @classmethod
    def told(cls, event: HallChanged) -> Self:
        return cls(
            code=event.code,
            full_name=event.full_name,
            short_name=event.short_name,
            county=event.county,
            county_name=event.county_name,
            opening_hours=[hours.model_dump(mode="json") for hours in event.opening_hours],
            effective_to=event.effective_to,
            version=event.version,
        )


class Clerk(Table, table=True):
    """A member of staff as last told."""

    __tablename__ = "clerks"

    staff_no: str = Field(primary_key=True, max_length=40)
    display_name: str = Field(max_length=60)
    hall: str | None = Field(default=None, max_length=20)
    county: str | None = Field(default=None, max_length=20)
    role: str = Field(max_length=32)
    effective_from: date
    effective_to: date | None = None
    version: int

    @classmethod
    def told(cls, event: ClerkChanged) -> Self:
        return cls(
            staff_no=event.staff_no,
            display_name=event.display_name,
            hall=event.hall,
            county=event.county,
            role=event.role,
            effective_from=event.effective_from,
            effective_to=event.effective_to,
            version=event.version,
        )

    def serves(self, hall: str, county: str, day: date) -> bool:
        """Whether this member of staff may handle a ticket of that hall on that day."""
        in_post = self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)
        return in_post and self.hall in (None, hall) and self.county in (None, county)
