"""The ledger's rows and the wordings read aloud. A row has no verb that changes it: the ledger is append-only."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.tables import Table
from shared.columns import JsonB, Timestamp


class Consent(Table, table=True):
    """One decision of one customer for one purpose. It outlives the customer's record: it is the hall's proof."""

    __tablename__ = "consents"
    __table_args__ = (
        sa.Index("ix_consents_customer_id", "customer_id"),
        sa.CheckConstraint("decision IN ('granted', 'withdrawn')", name="decision"),
        sa.CheckConstraint(
            "purpose IN ('archive', 'service_sms', 'holiday_sms', 'marketing_sms')", name="purpose"
        ),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    purpose: str = Field(max_length=20)
    decision: str = Field(max_length=10)
    at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
    channel: str = Field(max_length=20)
    clerk: str = Field(max_length=80)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    wording_version: str = Field(max_length=40)
    evidence_kind: str = Field(max_length=40)
    evidence_reference: str = Field(max_length=200)


@dataclass
class Decided:
    """An entry on its way into the ledger: plain, since every registration brings several and none is changed."""

    id: UUID
    customer_id: UUID
    purpose: str
    decision: str
    at: datetime
    recorded_at: datetime
    channel: str
    clerk: str
    hall: str
    county: str
    wording_version: str
    evidence_kind: str
    evidence_reference: str


class ConsentWording(Table, table=True):
    """The words a clerk reads aloud before asking, and the question for each purpose. The database refuses edits."""

    __tablename__ = "consent_wordings"

    version: str = Field(primary_key=True, max_length=40)
    effective_from: date
    introduction: str = Field(sa_column=sa.Column(sa.Text, nullable=False))
    questions: dict[str, str] = Field(sa_column=sa.Column(JsonB, nullable=False))
    published_by: str | None = Field(default=None, max_length=80)
    published_at: datetime | None = Field(default=None, sa_type=Timestamp)
