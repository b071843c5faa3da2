"""Bodies of the calendar's requests and answers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.messaging.calendar.models import CalendarDay
from services.messaging.calendar.rules import Kind, Noted, is_workday_of

Place = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9_]{2,16})$")]


class DayBody(BaseModel):
    """What is noted about a day. Days off and make-up days say by their kind whether they are worked."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    greeted: bool = Field(False, description="是否向客户发送节日问候")

    def noted(self, day: date, place: str) -> Noted:
        return Noted(day, self.kind, self.name, is_workday_of(self.kind), self.greeted, place)


class DayRead(BaseModel):
    """A day at a place; `is_workday` is null where its weekday decides."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    place: str
    kind: str
    name: str
    is_workday: bool | None
    greeted: bool
    source: str
    updated_by: str
    updated_at: datetime
    version: int


class CalendarRead(BaseModel):
    """A year's days. While its days off are unknown, weekdays stand in for them and `alarm` says so."""

    year: int
    days_off_known: bool
    alarm: str | None
    items: list[DayRead]

    @classmethod
    def of(cls, year: int, days: Sequence[CalendarDay], *, known: bool, needed: bool) -> Self:
        return cls(
            year=year,
            days_off_known=known,
            alarm=alarm_about([year]) if needed else None,
            items=[DayRead.model_validate(day) for day in days],
        )


class ImportRead(BaseModel):
    """What a file brought."""

    saved: int
    years: list[int] = Field(description="The years that the file spoke of.")


def alarm_about(years: Sequence[int]) -> str | None:
    """The sentence for years nobody has loaded; None for none."""
    if not years:
        return None
    named = "、".join(str(year) for year in years)
    return f"{named} 年的放假和调休安排尚未导入，暂按周一至周五上班计算，请尽快导入。"
