"""Replies as they came in, each with what it was taken for, and the table of words they are read by."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.audience.models import Customer
from services.messaging.inbound.errors import ReplySettled
from services.messaging.inbound.rules import PURPOSES, fold
from services.messaging.tables import Table
from shared.columns import Timestamp
from shared.events.messaging import InboundEvent, SmsActivationDenied, SmsEnquiryReceived, SmsOptedOut
from shared.phones import SealedPhone

UNMATCHED = "customer_id IS NULL AND handled_at IS NULL AND kind <> 'opt_out'"
"""What waits for a person: nobody of ours has that number. An opt-out acts by the number alone."""

KEPT = "(text <> '' OR phone_enc IS NOT NULL)"
"""What retention has still to erase."""


class ReplyWord(Table, table=True):
    """A whole reply, folded, and what it means."""

    __tablename__ = "reply_words"
    __table_args__ = (sa.CheckConstraint("kind IN ('opt_out', 'denial')", name="kind"),)

    word: str = Field(primary_key=True, max_length=20)
    kind: str = Field(max_length=10)


class Reply(Table, table=True):
    """One SMS from a phone. Mobile numbers in its words are masked."""

    __tablename__ = "replies"
    __table_args__ = (
        sa.Index("ix_replies_customer_id", "customer_id", "id"),
        sa.Index("ix_replies_hall_id", "hall", "id"),
        sa.Index(
            "ix_replies_kept", "received_at", sqlite_where=sa.text(KEPT), postgresql_where=sa.text(KEPT)
        ),
        sa.Index(
            "ix_replies_unmatched",
            "received_at",
            "id",
            sqlite_where=sa.text(UNMATCHED),
            postgresql_where=sa.text(UNMATCHED),
        ),
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
    handled_by: str | None = Field(
        default=None, max_length=80, description="Who found the sender, or put it aside."
    )
    handled_at: datetime | None = Field(default=None, sa_type=Timestamp)
    note: str | None = Field(default=None, max_length=200, description="Why it was put aside.")

    @property
    def sender(self) -> SealedPhone:
        return SealedPhone(enc=self.phone_enc or "", index=self.phone_index or "", masked=self.phone_masked)

    def match(self, customer: Customer, by: str, *, now: datetime) -> InboundEvent:
        """A person found out whose words these are: the hall hears them now. Raises ReplySettled."""
        self._settle(by, now)
        self.customer_id, self.clerk = customer.id, customer.clerk
        self.hall, self.county = customer.hall, customer.county
        return self.said()

    def put_aside(self, reason: str, by: str, *, now: datetime) -> None:
        """Nobody of ours and nothing to do. Raises ReplySettled."""
        self._settle(by, now)
        self.note = reason

    def forget(self) -> None:
        """Retention is over: that somebody answered, what it was taken for and when stays."""
        self.text = ""
        self.phone_enc = self.phone_index = None

    def _settle(self, by: str, now: datetime) -> None:
        if self.customer_id is not None or self.handled_at is not None:
            raise ReplySettled
        self.handled_by, self.handled_at = by, now

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
