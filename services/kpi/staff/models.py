"""The directory as the KPI service knows it. Newer versions replace older ones; nothing is deleted."""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Field

from services.kpi.tables import Table


class Hall(Table, table=True):
    """A hall, its county and the names people know them by."""

    __tablename__ = "halls"
    __table_args__ = (sa.Index("ix_halls_county", "county"),)

    code: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=120)
    county: str = Field(max_length=64)
    county_name: str = Field(max_length=120)
    effective_from: date
    effective_to: date | None = None
    version: int


class Clerk(Table, table=True):
    """A member of staff and the post held; hall and county are empty for posts above them."""

    __tablename__ = "clerks"
    __table_args__ = (sa.Index("ix_clerks_hall", "hall"),)

    staff_no: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=120)
    hall: str = Field(max_length=64)
    county: str = Field(max_length=64)
    role: str = Field(max_length=64)
    effective_from: date
    effective_to: date | None = None
    version: int
