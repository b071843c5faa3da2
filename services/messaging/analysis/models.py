"""When customers complained, to be set against what they had been sent."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.tables import Table
from shared.columns import Timestamp


class Complaint(Table, table=True):
    """One complaint of a known customer; enquiries are not here."""

    __tablename__ = "complaints"
    __table_args__ = (sa.Index("ix_complaints_opened_at", "opened_at"),)

    ticket_id: UUID = Field(primary_key=True)
    customer_id: UUID
    hall: str = Field(max_length=64)
    county: str = Field(max_length=64)
    opened_at: datetime = Field(sa_type=Timestamp)
