"""Days that are noted, and the years whose days off are known."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.calendar.rules import EVERYWHERE
from services.messaging.tables import Table
from shared.columns import Timestamp

ADMINISTRATOR = "administrator"


class CalendarDay(Table, table=True):
    """One day at one place: a hall, a county, or everywhere. What an administrator noted is never loaded over."""

    __tablename__ = "calendar_days"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('statutory', 'makeup', 'lunar', 'solar', 'local')", name="kind"),
    )

    day: date = Field(primary_key=True)
    place: str = Field(default=EVERYWHERE, primary_key=True, max_length=64)
    version: int = 1
    kind: str = Field(max_length=10)
    name: str = Field(max_length=40)
    is_workday: bool | None = Field(default=None, description="None: as its weekday.")
    greeted: bool = Field(default=False, description="Whether customers are greeted on it.")
    source: str = Field(max_length=40)
    updated_by: str = Field(max_length=80)
    updated_at: datetime = Field(sa_type=Timestamp)


class CalendarYear(Table, table=True):
    """A year that was loaded; without its days off it goes by the weekday and raises an alarm."""

    __tablename__ = "calendar_years"

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    days_off_known: bool
    source: str = Field(max_length=40)
    loaded_by: str = Field(max_length=80)
    loaded_at: datetime = Field(sa_type=Timestamp)
