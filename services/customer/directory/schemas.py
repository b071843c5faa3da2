"""Bodies of the directory's requests and answers."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le, Len
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.customer.directory import rules
from services.customer.directory.models import Clerk, ClerkPost, County, Hall, HallRevision

CountyCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,19}$")]
HallCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,16}$")]
StaffNo = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,20}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9-]{2,19}$")]
StaffRole = Literal["clerk", "hall_manager", "county_manager", "regional_office", "auditor", "admin"]
DayOfMonth = Annotated[int, Ge(1), Le(31)]


def _to_the_minute(value: time) -> time:
    if value.tzinfo is not None or value.second or value.microsecond:
        raise ValueError("时间应写作 HH:MM")
    return value


def _checked(intervals: list[list[str]]) -> list[list[str]]:
    rules.check_intervals(intervals)
    return intervals


Interval = Annotated[list[str], Len(2, 2)]
Intervals = Annotated[list[Interval], AfterValidator(_checked)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Opening = dict[Weekday, Intervals]
ClockTime = Annotated[time, AfterValidator(_to_the_minute)]


class Body(BaseModel):
    """A request body: members it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Change(Body):
    """A PATCH body: what is absent stays; null is refused except where a member may be empty."""

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        empty = {name for name in self.model_fields_set if getattr(self, name) is None} - {
            "effective_to",
            "hall",
            "county",
        }
        if empty:
            raise ValueError(f"不能为空：{'、'.join(sorted(empty))}")
        return self


class CountyCreate(Body):
    """A new county."""

    code: CountyCode
    name: Name


class CountyChange(Change):
    """What may change of a county."""

    name: Name | None = None


class CountyRead(BaseModel):
    """A county as answered."""

    code: str
    name: str
    version: int

    @classmethod
    def of(cls, county: County) -> Self:
        return cls.model_validate(county, from_attributes=True)


class HallCreate(Body):
    """A new hall; hours left out take the usual ones."""

    code: HallCode
    county: CountyCode
    name: Name
    registered_name: Name
    number: Number
    opening: Opening | None = None
    sms_from: ClockTime = rules.SMS_FROM
    sms_until: ClockTime = rules.SMS_UNTIL
    busy_from_day: DayOfMonth = rules.BUSY_FROM_DAY
    busy_to_day: DayOfMonth = rules.BUSY_TO_DAY
    effective_from: date | None = None
    effective_to: date | None = None

    def facts(self) -> dict[str, Any]:
        """The hall's columns; without a first day it counts from today on."""
        return self.model_dump(exclude={"county"}, exclude_none=True)


class HallChange(Change):
    """What may change of a hall. Its county may not: customers, tickets and figures carry it."""

    name: Name | None = None
    registered_name: Name | None = None
    number: Number | None = None
    opening: Opening | None = None
    sms_from: ClockTime | None = None
    sms_until: ClockTime | None = None
    busy_from_day: DayOfMonth | None = None
    busy_to_day: DayOfMonth | None = None
    effective_from: date | None = None
    effective_to: date | None = None


class HallRead(BaseModel):
    """A hall as answered."""

    code: str
    county: str
    name: str
    registered_name: str
    number: str
    opening: dict[str, list[list[str]]]
    sms_from: time
    sms_until: time
    busy_from_day: int
    busy_to_day: int
    effective_from: date
    effective_to: date | None
    version: int
    updated_at: datetime

    @classmethod
    def of(cls, hall: Hall) -> Self:
        return cls.model_validate(hall, from_attributes=True)


class ClerkCreate(Body):
    """A clerk who starts to work at a hall."""

    staff_no: StaffNo
    name: Name
    hall: HallCode | None = None
    county: CountyCode | None = None
    role: StaffRole = "clerk"
    effective_from: date | None = None
    effective_to: date | None = None


class ClerkChange(Change):
    """What may change of a clerk."""

    name: Name | None = None
    hall: HallCode | None = None
    county: CountyCode | None = None
    role: StaffRole | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    moved_on: date | None = Field(
        None, description="First day in the new post; today unless said, later is planned."
    )

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude={"moved_on"})


class ClerkRead(BaseModel):
    """A clerk as answered."""

    staff_no: str
    name: str
    hall: str | None
    county: str | None
    role: str
    effective_from: date
    effective_to: date | None
    version: int
    updated_at: AwareDatetime

    @classmethod
    def of(cls, clerk: Clerk) -> Self:
        return cls.model_validate(clerk, from_attributes=True)

    @classmethod
    def as_of(cls, clerk: Clerk, post: ClerkPost) -> Self:
        """Where and what the clerk was then; the rest as it is known today."""
        read = cls.of(clerk)
        read.hall, read.county, read.role = post.hall, post.county, post.role
        return read


class PostRead(BaseModel):
    """A post in time; `end` is its last day."""

    model_config = ConfigDict(from_attributes=True)

    staff_no: str
    role: str
    county: str | None
    hall: str | None
    start: date
    end: date | None
    recorded_at: AwareDatetime
    recorded_by: str


class PostAtHall(PostRead):
    """The same with the name, for a hall's history."""

    name: str = ""

    @classmethod
    def named(cls, post: ClerkPost, name: str) -> Self:
        read = cls.model_validate(post)
        read.name = name
        return read


class HallChangeRead(BaseModel):
    """One change of a hall."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    at: AwareDatetime
    by: str
    changes: list[dict[str, Any]]

    @classmethod
    def of(cls, change: HallRevision) -> Self:
        return cls.model_validate(change)


class HallHistory(BaseModel):
    """Who was posted at the hall from when to when, and what changed of it; the latest first."""

    posts: list[PostAtHall]
    changes: list[HallChangeRead]


class ClerkHistory(BaseModel):
    """Every post of a clerk, the first first, planned ones included."""

    posts: list[PostRead]
