"""Bodies of reports."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from services.customer.archive.schemas import StaffNo
from services.customer.consent.schemas import line, not_emptied
from shared.phones import hide_numbers


def _not_only_blanks(text: str) -> str:
    if not text.strip():
        raise ValueError("请填写内容。")
    return hide_numbers(text.strip())


Title = Annotated[str, line(80), AfterValidator(hide_numbers)]
Competitor = Annotated[str, line(60), AfterValidator(hide_numbers)]
Words = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_not_only_blanks)]
Comment = Annotated[str, Field(max_length=2000), AfterValidator(hide_numbers)]
MarketKind = Literal["market", "competitor"]
WorkKind = Literal["daily", "weekly", "monthly"]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MarketReportCreate(_Body):
    """What was seen, where it is worth telling. `clerk` where a machine writes for somebody."""

    kind: MarketKind
    title: Title
    content: Words
    competitor: Competitor | None = None
    observed_on: Day
    clerk: StaffNo | None = None

    def facts(self) -> dict[str, Any]:
        return self.model_dump(exclude={"clerk"})


class MarketReportPatch(_Body):
    """The members to change; what is absent stays."""

    title: Title | None = None
    content: Words | None = None
    competitor: Competitor | None = None
    observed_on: Day | None = None
    clerk: StaffNo | None = None

    _stays = field_validator("title", "content", "observed_on", mode="before")(not_emptied)

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude={"clerk"})


class MarketReportRead(BaseModel):
    """A report of the market or a competitor."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    kind: MarketKind
    title: str
    content: str
    competitor: str | None
    observed_on: date
    hall: str
    county: str
    clerk: str
    submitted_at: datetime


class WorkReportCreate(_Body):
    """A day (2026-11-25), week (2026-W48) or month (2026-11) to report on; the figures come from the record."""

    kind: WorkKind
    period: Annotated[str, Field(max_length=10)]
    clerk: StaffNo | None = None


class WorkReportPatch(_Body):
    """What the clerk says to the figures."""

    comment: Comment
    clerk: StaffNo | None = None


class WorkReportSubmit(_Body):
    """Hand in, with last words or without."""

    comment: Comment | None = None
    clerk: StaffNo | None = None


class WorkReportRead(BaseModel):
    """A work report; the figures are of `generated_at`, and for good once it is submitted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    status: Literal["draft", "submitted"]
    kind: WorkKind
    period: str
    hall: str
    county: str
    clerk: str
    figures: dict[str, int]
    comment: str
    due_at: datetime
    generated_at: datetime
    submitted_at: datetime | None
