"""Policies, business calendars and exceptional days. Versions are added, never edited: open tickets keep theirs."""

from datetime import date, datetime
from typing import Self

import sqlalchemy as sa
from sqlmodel import Field

from services.complaints.clocks.rules.calendars import BusinessCalendar, DayRules, Intervals
from services.complaints.tables import Table
from shared.columns import JsonB, Timestamp

DIRECTORY, ADMINISTRATOR, DEFAULT = "directory", "administrator", "default"
EVERY_HALL = "*"


class Policy(Table, table=True):
    """One version of all limits."""

    __tablename__ = "policies"

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    created_at: datetime = Field(sa_type=Timestamp)
    created_by: str = Field(max_length=64)
    note: str = Field(max_length=200)


class PolicyLimit(Table, table=True):
    """One row of a policy: a limit of one clock for some tickets; `*` is any."""

    __tablename__ = "policy_limits"
    __table_args__ = (
        sa.CheckConstraint("warn_minutes > 0 AND warn_minutes <= minutes", name="warns_in_time"),
        sa.CheckConstraint("clock <> 'legal' OR minutes <= 21600", name="legal_limit"),
    )

    version: int = Field(
        primary_key=True, foreign_key="policies.version", sa_column_kwargs={"autoincrement": False}
    )
    kind: str = Field(primary_key=True, max_length=20)
    category: str = Field(primary_key=True, max_length=64)
    source: str = Field(primary_key=True, max_length=20)
    tier: str = Field(primary_key=True, max_length=20)
    clock: str = Field(primary_key=True, max_length=20)
    minutes: int
    warn_minutes: int
    basis: str = Field(max_length=10)
    pausable: bool


class HallCalendar(Table, table=True):
    """One version of one hall's hours of business; the hall `*` is what halls without their own go by."""

    __tablename__ = "hall_calendars"

    hall: str = Field(primary_key=True, max_length=20)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hours: dict[str, list[list[int]]] = Field(sa_type=JsonB)
    holiday: list[list[int]] = Field(sa_type=JsonB)
    makeup: list[list[int]] = Field(sa_type=JsonB)
    source: str = Field(max_length=20)
    created_at: datetime = Field(sa_type=Timestamp)
    created_by: str = Field(max_length=64)

    @classmethod
    def from_directory(cls, hall: str, version: int, hours: dict[int, Intervals], *, now: datetime) -> Self:
        """A hall's opening hours as calendar: closed on days off, make-up days like a Monday."""
        return cls(
            hall=hall,
            version=version,
            hours={str(day): [list(span) for span in spans] for day, spans in hours.items()},
            holiday=[],
            makeup=[list(span) for span in hours.get(1, next(iter(hours.values()), ()))],
            source=DIRECTORY,
            created_at=now,
            created_by=DIRECTORY,
        )

    def with_days(self, days: DayRules) -> BusinessCalendar:
        return BusinessCalendar(
            version=self.version,
            hours={int(day): _intervals(spans) for day, spans in self.hours.items()},
            holiday=_intervals(self.holiday),
            makeup=_intervals(self.makeup),
            days=days,
        )


class CalendarVersion(Table, table=True):
    """One version of the exceptional days: which years are known in it, and who loaded the last of them."""

    __tablename__ = "calendar_versions"

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    years: list[int] = Field(sa_type=JsonB)
    source: str = Field(max_length=60)
    created_at: datetime = Field(sa_type=Timestamp)
    created_by: str = Field(max_length=64)


class CalendarDay(Table, table=True):
    """A day that differs from its weekday: a day off with its name, or a weekend day that is worked (调休)."""

    __tablename__ = "calendar_days"

    version: int = Field(
        primary_key=True, foreign_key="calendar_versions.version", sa_column_kwargs={"autoincrement": False}
    )
    day: date = Field(primary_key=True)
    is_workday: bool
    name: str = Field(max_length=60)


def _intervals(spans: list[list[int]]) -> Intervals:
    return tuple((start, end) for start, end in spans)
