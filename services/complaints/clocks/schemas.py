"""Bodies of policies and calendars."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.complaints.clocks.models import CalendarDay, CalendarVersion, HallCalendar, Policy, PolicyLimit
from services.complaints.clocks.rules import calendars, policies
from services.complaints.clocks.rules.calendars import Intervals
from shared.days_off import ExceptionalDay

Scope = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Body(BaseModel):
    """A request body: members it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class LimitBody(Body):
    """One limit. `*` is any kind, category, source or tier; minutes are of business or natural time."""

    kind: Scope = policies.ANY
    category: Scope = policies.ANY
    source: Scope = policies.ANY
    tier: Scope = policies.ANY
    clock: Literal["first_response", "next_response", "resolution", "legal"]
    minutes: int = Field(gt=0, le=43_200)
    warn_minutes: int = Field(gt=0, le=43_200)
    basis: Literal["business", "natural"] = "business"
    pausable: bool = False


class PolicyCreate(Body):
    """A whole new version: tickets opened from now on go by it."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    limits: list[LimitBody] = Field(min_length=1, max_length=500)


class PolicyRead(BaseModel):
    """A version of the limits."""

    version: int
    created_at: datetime
    created_by: str
    note: str
    limits: list[LimitBody]

    @classmethod
    def of(cls, policy: Policy, limits: Iterable[PolicyLimit]) -> Self:
        shown = [LimitBody(**limit.model_dump(exclude={"version"})) for limit in limits]
        return cls(**policy.model_dump(), limits=shown)


class PolicyVersions(BaseModel):
    """The limits in force, and the versions there were."""

    items: list[PolicyRead]
    versions: list[int]
    next_cursor: None = None


def _minutes(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    calendars.check_intervals(spans_of(pairs))
    return pairs


def spans_of(pairs: Iterable[tuple[str, str]]) -> Intervals:
    return tuple((calendars.minute_of(start), calendars.minute_of(end)) for start, end in pairs)


def _texts(spans: Iterable[Any]) -> list[tuple[str, str]]:
    return [(calendars.text_of(start), calendars.text_of(end)) for start, end in spans]


TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Hours = Annotated[list[tuple[TimeOfDay, TimeOfDay]], AfterValidator(_minutes)]
Weekday = Literal["1", "2", "3", "4", "5", "6", "7"]


class CalendarBody(Body):
    """Hours by ISO weekday, several intervals a day; those of days off, and of make-up workdays."""

    hours: dict[Weekday, Hours]
    holiday: Hours = []
    makeup: Hours = []

    def by_weekday(self) -> dict[int, Intervals]:
        return {int(day): spans_of(pairs) for day, pairs in self.hours.items()}


class CalendarRead(BaseModel):
    """The newest version of one hall's hours; hall `*` is for halls without their own."""

    hall: str
    version: int
    source: str
    hours: Mapping[str, list[tuple[str, str]]]
    holiday: list[tuple[str, str]]
    makeup: list[tuple[str, str]]

    @classmethod
    def of(cls, calendar: HallCalendar) -> Self:
        return cls(
            hall=calendar.hall,
            version=calendar.version,
            source=calendar.source,
            hours={day: _texts(spans) for day, spans in calendar.hours.items()},
            holiday=_texts(calendar.holiday),
            makeup=_texts(calendar.makeup),
        )


class CalendarList(BaseModel):
    """Every hall's calendar."""

    items: list[CalendarRead]
    next_cursor: None = None


class DayBody(Body):
    """A day that differs from its weekday."""

    day: date
    is_workday: bool
    name: Name


class CalendarYearBody(Body):
    """All exceptional days of one year, as the State Council's notice has them."""

    source: Name
    days: list[DayBody] = Field(max_length=366)

    def exceptional(self) -> list[ExceptionalDay]:
        """Each day once; the last word on it counts."""
        return [ExceptionalDay(d.day, d.is_workday, d.name) for d in {d.day: d for d in self.days}.values()]


class CalendarDaysRead(BaseModel):
    """The newest version of the exceptional days, and the years it knows; other years go by the weekday."""

    version: int
    years: list[int]
    items: list[DayBody]
    next_cursor: None = None

    @classmethod
    def of(cls, version: CalendarVersion, days: Iterable[CalendarDay]) -> Self:
        items = [DayBody(day=day.day, is_workday=day.is_workday, name=day.name) for day in days]
        return cls(version=version.version, years=version.years, items=items)
