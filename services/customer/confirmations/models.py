"""A code that was sent, without the code: what it is for, how often it was tried, and whether it was used."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.archive.models import Customer
from services.customer.confirmations import rules
from services.customer.confirmations.errors import (
    ConsentCodeExpired,
    ConsentCodeLocked,
    ConsentCodeUsed,
    ConsentCodeWrong,
)
from services.customer.tables import Table
from shared import clock
from shared.columns import JsonB, Timestamp
from shared.events.customer import CustomerConsentCodeRequested


class ConsentCode(Table, table=True):
    """One code. The `number` of the day is unique, so that nobody gets more than a few."""

    __tablename__ = "consent_codes"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "day", "number", name="uq_consent_codes_customer_id_day_number"),
        sa.CheckConstraint(f"number BETWEEN 1 AND {rules.MOST_A_DAY}", name="number"),
        sa.CheckConstraint(f"attempts BETWEEN 0 AND {rules.MOST_ATTEMPTS}", name="attempts"),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    purposes: list[str] = Field(sa_column=sa.Column(JsonB, nullable=False))
    wording_version: str = Field(max_length=40)
    fingerprint: str = Field(max_length=64, repr=False)
    requested_by: str = Field(max_length=80)
    requested_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime = Field(sa_type=Timestamp)
    day: date
    number: int
    attempts: int = 0
    used_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @classmethod
    def of(
        cls,
        customer: Customer,
        *,
        code_id: UUID,
        purposes: list[str],
        wording_version: str,
        fingerprint: str,
        by: str,
        number: int,
        now: datetime,
    ) -> Self:
        return cls(
            id=code_id,
            customer_id=customer.id,
            hall=customer.hall,
            county=customer.county,
            purposes=purposes,
            wording_version=wording_version,
            fingerprint=fingerprint,
            requested_by=by,
            requested_at=now,
            expires_at=now + rules.LIVES,
            day=clock.business_date(now),
            number=number,
        )

    @property
    def attempts_left(self) -> int:
        return rules.MOST_ATTEMPTS - self.attempts

    @property
    def reference(self) -> str:
        """How the ledger names this proof."""
        return f"sms-code:{self.id}"

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be confirmed."""
        return self.used_at is None and now < self.expires_at and self.attempts_left > 0

    def request(self, customer: Customer, code_enc: str) -> CustomerConsentCodeRequested:
        """Say that the code is to be sent: sealed, for the one who composes the SMS."""
        return CustomerConsentCodeRequested(
            occurred_at=self.requested_at,
            customer_id=customer.id,
            hall=customer.hall,
            county=customer.county,
            clerk=customer.clerk,
            code_id=self.id,
            code_enc=code_enc,
            purposes=tuple(self.purposes),
            wording_version=self.wording_version,
            expires_at=self.expires_at,
        )

    def attempt(self, now: datetime) -> None:
        """Pay for one try before the code is looked at; raises when there is nothing left to try."""
        self._refuse_unless_open(now)
        self.attempts += 1

    def use(self, fingerprint: str, now: datetime) -> None:
        """The customer's word, once. The try has been paid for."""
        if self.used_at is not None:
            raise ConsentCodeUsed
        if not rules.same(fingerprint, self.fingerprint):
            raise ConsentCodeWrong(attempts_left=self.attempts_left)
        self.used_at = now

    def _refuse_unless_open(self, now: datetime) -> None:
        if self.used_at is not None:
            raise ConsentCodeUsed
        if now >= self.expires_at:
            raise ConsentCodeExpired
        if self.attempts_left <= 0:
            raise ConsentCodeLocked
