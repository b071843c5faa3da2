"""The archive's copy. Each table is written by the customer's version, so that topics may arrive in any order."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.complaints.tables import Table
from shared.columns import Timestamp


class Customer(Table, table=True):
    """An archived customer's number, as an index and a mask: the sealed number itself is not kept here."""

    __tablename__ = "customers"
    __table_args__ = (sa.Index("ix_customers_phone_index", "phone_index"),)

    customer_id: UUID = Field(primary_key=True)
    phone_index: str = Field(max_length=64, repr=False)
    phone_masked: str = Field(max_length=20)
    archived_at: datetime = Field(sa_type=Timestamp)
    version: int


class Assignment(Table, table=True):
    """The hall and the clerk that look after a customer."""

    __tablename__ = "assignments"

    customer_id: UUID = Field(primary_key=True)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    version: int


class Tier(Table, table=True):
    """A customer's tier (A, B, C)."""

    __tablename__ = "tiers"

    customer_id: UUID = Field(primary_key=True)
    tier: str = Field(max_length=20)
    version: int


class Departure(Table, table=True):
    """A customer who left the network or was erased: a number no longer found, and nothing personal."""

    __tablename__ = "departures"

    customer_id: UUID = Field(primary_key=True)
    reason: str = Field(max_length=20)
    at: datetime = Field(sa_type=Timestamp)
    version: int
