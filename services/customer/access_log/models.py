"""One line of the access log. No verb changes it, and the database refuses to."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.tables import Table
from shared.columns import Timestamp


class AccessLogEntry(Table, table=True):
    """Who saw whom, when, why. `hour` is set where a look counts once an hour; nulls are never equal to each other."""

    __tablename__ = "access_log"
    __table_args__ = (
        sa.Index("uq_access_log_hour", "actor", "subject_id", "action", "hour", unique=True),
        sa.Index("ix_access_log_at", "at", "id"),
        sa.Index("ix_access_log_subject_id_at", "subject_id", "at", "id"),
        sa.Index("ix_access_log_actor_at", "actor", "at", "id"),
        sa.Index("ix_access_log_hall_at", "hall", "at", "id"),
    )

    id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=Timestamp)
    actor: str = Field(max_length=80)
    role: str = Field(max_length=20)
    action: str = Field(max_length=40)
    subject_kind: str = Field(
        max_length=20, description="customer, import, off_net_list, purge, hall or log."
    )
    subject_id: UUID | None = None
    hall: str = Field(max_length=20, description="Empty for what is of no single hall.")
    county: str = Field(max_length=20)
    reason: str = Field(max_length=200)
    hour: datetime | None = Field(default=None, sa_type=Timestamp)
