"""Counties, halls and clerks. Verbs guard, change, raise the version and return what happened."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any, Self

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.directory import rules
from services.customer.directory.errors import DatesReversed
from services.customer.tables import Table
from shared import clock
from shared.columns import JsonB, Timestamp
from shared.events.customer import ClerkChanged, HallChanged, OpeningHours


class County(Table, table=True):
    """A district of the prefecture (区县)."""

    __tablename__ = "counties"

    code: str = Field(primary_key=True, max_length=20)
    name: str = Field(max_length=60)
    version: int = 1
    updated_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def found(cls, code: str, name: str, *, now: datetime) -> Self:
        return cls(code=code, name=name, updated_at=now)

    def change(self, changes: Mapping[str, Any], *, now: datetime) -> bool:
        """Whether anything became different; its halls are then to follow."""
        return _apply(self, changes, now)


class Hall(Table, table=True):
    """A service hall (营业厅): what it is called, how it is reached, when it is open, when it may send SMS."""

    __tablename__ = "halls"
    __table_args__ = (
        sa.Index("ix_halls_county", "county"),
        sa.CheckConstraint(
            "busy_from_day BETWEEN 1 AND 31 AND busy_to_day BETWEEN 1 AND 31", name="busy_days"
        ),
        sa.CheckConstraint("effective_to IS NULL OR effective_to >= effective_from", name="dates_in_order"),
    )

    code: str = Field(primary_key=True, max_length=16)
    county: str = Field(foreign_key="counties.code", max_length=20)
    name: str = Field(max_length=60)
    registered_name: str = Field(max_length=60)
    number: str = Field(max_length=20)
    opening: dict[str, Any] = Field(sa_type=JsonB)
    sms_from: time = rules.SMS_FROM
    sms_until: time = rules.SMS_UNTIL
    busy_from_day: int = rules.BUSY_FROM_DAY
    busy_to_day: int = rules.BUSY_TO_DAY
    effective_from: date
    effective_to: date | None = None
    version: int = 1
    updated_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def open(cls, facts: Mapping[str, Any], county: County, *, now: datetime) -> tuple[Self, HallChanged]:
        """A hall nobody dated counts from today on."""
        usual = {"opening": rules.DEFAULT_OPENING, "effective_from": clock.business_date(now)}
        hall = cls(**{**usual, **facts, "county": county.code}, updated_at=now)
        _check_dates(hall)
        return hall, hall.announced(county.name)

    def change(self, changes: Mapping[str, Any], county: County, *, now: datetime) -> HallChanged | None:
        """What happened, or None when nothing became different."""
        if not _apply(self, changes, now):
            return None
        _check_dates(self)
        return self.announced(county.name)

    def compared(self, changes: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What these changes would make different, as the history keeps it; ask before changing."""
        return [
            {"field": name, "from": _plain(getattr(self, name)), "to": _plain(value)}
            for name, value in changes.items()
            if getattr(self, name) != value
        ]

    def follow_county(self, county: County, *, now: datetime) -> HallChanged:
        """Say the hall again under its county's new name; copies take only a new version."""
        self.version += 1
        self.updated_at = now
        return self.announced(county.name)

    def announced(self, county_name: str) -> HallChanged:
        """The hall as it is, for those who keep a copy."""
        return HallChanged(
            version=self.version,
            occurred_at=self.updated_at,
            code=self.code,
            full_name=self.registered_name,
            short_name=self.name,
            county=self.county,
            county_name=county_name,
            number=self.number,
            opening_hours=_opening_hours(self.opening),
            busy_from_day=self.busy_from_day,
            busy_to_day=self.busy_to_day,
            sms_from=self.sms_from,
            sms_until=self.sms_until,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
        )


class Clerk(Table, table=True):
    """A member of staff (营业员 and those above) in a post, at a hall, in a county or in the region's office."""

    __tablename__ = "clerks"
    __table_args__ = (
        sa.Index("ix_clerks_hall", "hall"),
        sa.CheckConstraint("effective_to IS NULL OR effective_to >= effective_from", name="dates_in_order"),
    )

    staff_no: str = Field(primary_key=True, max_length=20)
    name: str = Field(max_length=60)
    hall: str | None = Field(default=None, foreign_key="halls.code", max_length=16)
    county: str | None = Field(default=None, foreign_key="counties.code", max_length=20)
    role: str = Field(max_length=32)
    effective_from: date
    effective_to: date | None = None
    version: int = 1
    updated_at: datetime = Field(sa_type=Timestamp)

    @classmethod
    def appoint(cls, facts: Mapping[str, Any], *, now: datetime) -> tuple[Self, ClerkChanged]:
        clerk = cls(**facts, updated_at=now)
        _check_dates(clerk)
        return clerk, clerk.announced()

    def change(self, changes: Mapping[str, Any], *, now: datetime) -> ClerkChanged | None:
        """What happened, or None when nothing became different."""
        if not _apply(self, changes, now):
            return None
        _check_dates(self)
        return self.announced()

    def is_in_post_on(self, day: date) -> bool:
        return rules.is_effective(day, self.effective_from, self.effective_to)

    @property
    def post(self) -> rules.Post:
        return rules.Post(self.role, self.county, self.hall, self.effective_from, self.effective_to)

    def announced(self) -> ClerkChanged:
        """The clerk as they are, for those who keep a copy."""
        return ClerkChanged(
            version=self.version,
            occurred_at=self.updated_at,
            staff_no=self.staff_no,
            display_name=self.name,
            hall=self.hall,
            county=self.county,
            role=self.role,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
        )


class ClerkPost(Table, table=True):
    """One post of a clerk in time. Posts of one clerk never overlap; `clerks` holds what counts today."""

    __tablename__ = "clerk_posts"
    __table_args__ = (
        sa.Index("ix_clerk_posts_hall_start", "hall", "start"),
        sa.CheckConstraint('"end" IS NULL OR "end" >= start', name="dates_in_order"),
    )

    staff_no: str = Field(primary_key=True, foreign_key="clerks.staff_no", max_length=20)
    start: date = Field(primary_key=True)
    end: date | None = None
    role: str = Field(max_length=32)
    county: str | None = Field(default=None, max_length=20)
    hall: str | None = Field(default=None, max_length=16)
    recorded_at: datetime = Field(sa_type=Timestamp)
    recorded_by: str = Field(max_length=80)

    @classmethod
    def of(cls, staff_no: str, post: rules.Post, *, by: str, now: datetime) -> Self:
        return cls(staff_no=staff_no, recorded_at=now, recorded_by=by, **asdict(post))

    @property
    def value(self) -> rules.Post:
        return rules.Post(self.role, self.county, self.hall, self.start, self.end)


class HallRevision(Table, table=True):
    """One change of a hall: who, when, and every changed member before and after."""

    __tablename__ = "hall_changes"

    hall: str = Field(primary_key=True, foreign_key="halls.code", max_length=16)
    version: int = Field(primary_key=True)
    at: datetime = Field(sa_type=Timestamp)
    by: str = Field(max_length=80)
    changes: list[dict[str, Any]] = Field(sa_column=sa.Column(JsonB, nullable=False))


def _check_dates(entry: Hall | Clerk) -> None:
    if not rules.in_order(entry.effective_from, entry.effective_to):
        raise DatesReversed


def _apply(entry: Any, changes: Mapping[str, Any], now: datetime) -> bool:
    """Take over what differs; a version is only spent on a real difference."""
    different = {name: value for name, value in changes.items() if getattr(entry, name) != value}
    for name, value in different.items():
        setattr(entry, name, value)
    if different:
        entry.version += 1
        entry.updated_at = now
    return bool(different)


def _opening_hours(opening: Mapping[str, Any]) -> tuple[OpeningHours, ...]:
    """Intervals that several weekdays share are said once."""
    days: dict[tuple[str, str], list[int]] = {}
    for number, weekday in enumerate(rules.WEEKDAYS, start=1):
        for opens, closes in opening.get(weekday, ()):
            days.setdefault((opens, closes), []).append(number)
    return tuple(
        OpeningHours(weekdays=tuple(numbers), opens=rules.time_of(opens), closes=rules.time_of(closes))
        for (opens, closes), numbers in days.items()
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | time) else value
