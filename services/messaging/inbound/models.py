"""Replies as they came in, each with what it was taken for."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.inbound.rules import PURPOSES, fold
from services.messaging.tables import Table
from shared.columns import Timestamp
from shared.events.messaging import InboundEvent, SmsActivationDenied, SmsEnquiryReceived, SmsOptedOut
from shared.phones import SealedPhone


class Reply(Table, table=True):
    """One SMS from a phone. Mobile numbers in its words are masked."""

    __tablename__ = "replies"
    __table_args__ = (
        sa.Index("ix_replies_customer_id", "customer_id", "id"),
        sa.Index("ix_replies_hall_id", "hall", "id"),
        sa.CheckConstraint("kind IN ('opt_out', 'denial', 'enquiry')", name="kind"),
    )

    id: UUID = Field(primary_key=True)
    gateway: str = Field(max_length=40)
    kind: str = Field(max_length=10)
    phone_enc: str | None = Field(max_length=120, repr=False)
    phone_index: str | None = Field(max_length=64, repr=False)
    phone_masked: str = Field(max_length=20)
    text: str = Field(sa_type=sa.Text, repr=False)
    customer_id: UUID | None = None
    hall: str | None = Field(default=None, max_length=64)
    county: str | None = Field(default=None, max_length=64)
    clerk: str | None = Field(default=None, max_length=64)
    in_reply_to: UUID | None = None
    activation_id: UUID | None = None
    received_at: datetime = Field(sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)

    @property
    def sender(self) -> SealedPhone:
        return SealedPhone(enc=self.phone_enc or "", index=self.phone_index or "", masked=self.phone_masked)

    def said(self) -> InboundEvent:
        """What this reply means to the rest of the house."""
        if self.kind == "opt_out":
            return SmsOptedOut(
                **self._facts(), phone_index=self.sender.index, phone_masked=self.phone_masked,
                keyword=fold(self.text), purposes=PURPOSES,
            )  # fmt: skip
        if self.kind == "denial" and self.activation_id is not None:
            return SmsActivationDenied(**self._facts(), activation_id=self.activation_id)
        return SmsEnquiryReceived(
            **self._facts(), phone_enc=self.sender.enc, phone_index=self.sender.index,
            phone_masked=self.phone_masked, text=self.text,
        )  # fmt: skip

    def _facts(self) -> dict[str, Any]:
        return {
            "occurred_at": self.received_at,
            "inbound_id": self.id,
            "customer_id": self.customer_id,
            "hall": self.hall,
            "county": self.county,
            "clerk": self.clerk,
            "in_reply_to": self.in_reply_to,
            "received_at": self.received_at,
        }
