"""Bodies of a hall's facilities and promotions."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from services.customer.archive.schemas import Place
from services.customer.consent.schemas import line, not_emptied
from shared.phones import hide_numbers

Title = Annotated[str, line(60), AfterValidator(hide_numbers)]
Details = Annotated[str, line(500), AfterValidator(hide_numbers)]
Kind = Literal["facility", "promotion"]
Condition = Literal["good", "impaired", "broken"]
Quantity = Annotated[int, Field(ge=0, le=10_000)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FacilityCreate(_Body):
    """A facility needs a quantity and its condition, a promotion its last day."""

    hall: Place
    kind: Kind
    title: Title
    details: Details | None = None
    quantity: Quantity | None = None
    condition: Condition | None = None
    valid_from: Day
    valid_to: Day | None = None

    def content(self) -> dict[str, Any]:
        return self.model_dump(exclude={"hall"})


class FacilityPatch(_Body):
    """The members to change; what is absent stays."""

    title: Title | None = None
    details: Details | None = None
    quantity: Quantity | None = None
    condition: Condition | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    _stays = field_validator("title", "valid_from", mode="before")(not_emptied)

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class FacilityRead(BaseModel):
    """One line of a hall's list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    hall: str
    county: str
    kind: Kind
    title: str
    details: str | None
    quantity: int | None
    condition: Condition | None
    valid_from: date
    valid_to: date | None
    updated_by: str
    updated_at: datetime
