"""A product opened for a customer. It is recorded once, and may be denied once; nothing else of it changes."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.archive.models import CustomerOffer
from services.customer.tables import Table
from shared.columns import Timestamp
from shared.events.customer import ProductActivated
from shared.money import yuan


class Activation(Table, table=True):
    """One activation with the evidence of the customer's word."""

    __tablename__ = "activations"
    __table_args__ = (
        sa.UniqueConstraint("hall", "evidence_kind", "evidence_reference", name="uq_activations_evidence"),
        sa.UniqueConstraint("recommendation_id", name="uq_activations_recommendation"),
        sa.Index("ix_activations_customer_id", "customer_id"),
        sa.Index("ix_activations_hall_day", "hall", "day"),
        sa.Index("ix_activations_county_day", "county", "day"),
        sa.CheckConstraint("amount_fen >= 0", name="amount"),
        sa.CheckConstraint("status IN ('recorded', 'denied')", name="status"),
        sa.CheckConstraint("evidence_kind IN ('signature', 'sms_code', 'recording')", name="evidence_kind"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    status: str = Field(default="recorded", max_length=10)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    sold_by: str = Field(max_length=40)
    product: str = Field(max_length=40)
    product_title: str = Field(max_length=40)
    amount_fen: int = Field(sa_type=sa.BigInteger)
    evidence_kind: str = Field(max_length=20)
    evidence_reference: str = Field(max_length=200)
    recommendation_id: UUID | None = None
    day: date
    occurred_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
    recorded_by: str = Field(max_length=80)
    denied_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def activated(self) -> ProductActivated:
        """That the product is open at the customer's word."""
        return ProductActivated(
            version=self.version,
            occurred_at=self.occurred_at,
            customer_id=self.customer_id,
            hall=self.hall,
            county=self.county,
            clerk=self.clerk,
            activation_id=self.id,
            product=self.product,
            product_title=self.product_title,
            amount=yuan(self.amount_fen) / 100,
            evidence_kind=self.evidence_kind,
            evidence_reference=self.evidence_reference,
            sold_by=self.sold_by,
            recommendation_id=self.recommendation_id,
        )

    def deny(self, at: datetime) -> bool:
        """The customer says that it was not them; False when they have said so already."""
        if self.status == "denied":
            return False
        self.status, self.denied_at, self.version = "denied", at, self.version + 1
        return True

    def standing(self, at: datetime) -> CustomerOffer:
        """What the archive shows of it (C6)."""
        return CustomerOffer(
            customer_id=self.customer_id,
            product=self.product,
            title=self.product_title,
            outcome="denied" if self.status == "denied" else "activated",
            at=at,
        )
