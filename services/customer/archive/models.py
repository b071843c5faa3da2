"""A customer's record and what belongs to it: edit history, and the projections of messages and tickets.

Verbs guard, change and return the event. A record is never deleted: erasing it is a change of state.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.archive import rules
from services.customer.archive.errors import CustomerLeft, NumberStoredDiffers
from services.customer.archive.rules import HallPlate, Profile
from services.customer.consent.rules import Decision, Entry, Purpose
from services.customer.tables import Table
from shared import ids
from shared.columns import JsonB, Timestamp
from shared.events import customer as events
from shared.events.customer import (
    CustomerConsentChanged,
    CustomerEvent,
    CustomerLeftNetwork,
    CustomerNumberStored,
    CustomerPurged,
    CustomerRegistered,
    CustomerUpdated,
)
from shared.phones import SealedPhone

Consents = Mapping[Purpose, Entry]
"""The ledger's entry in force for each purpose."""

ACTIVE = sa.text("status = 'active'")
LEFT = sa.text("status = 'left'")
WITHDRAWN = sa.text("withdrawn_at IS NOT NULL")
NOT_FOLLOWED = sa.text("followed_since IS NULL")


@dataclass(frozen=True, slots=True)
class ExternalId:
    """A customer's id in another system, unique together with that system's name."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class NumberStored:
    """That the hall's name and number were put into the customer's phone, when and by which member of staff (C2)."""

    name: str
    number: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """What an imported sheet said in the columns that the system fills by itself from then on."""

    sms_count: int = 0
    recommendations: str | None = None
    services: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """Who manages a customer, and where: the three columns that go together."""

    hall: str
    county: str
    clerk: str

    @property
    def columns(self) -> dict[str, str]:
        return {"hall": self.hall, "county": self.county, "clerk": self.clerk}


class CodeRow(Table, table=True):
    """One line of a code table (C4). Files and the POS carry the codes; labels and bounds may change."""

    __tablename__ = "codes"

    kind: str = Field(primary_key=True, max_length=20)
    code: int = Field(primary_key=True)
    label: str = Field(max_length=40)
    lower: int | None = None
    upper: int | None = None


class Customer(Table, table=True):
    """One customer of one hall."""

    __tablename__ = "customers"
    __table_args__ = (
        sa.Index(
            "uq_customers_phone_active",
            "phone_index",
            unique=True,
            sqlite_where=ACTIVE,
            postgresql_where=ACTIVE,
        ),
        sa.UniqueConstraint("external_source", "external_id", name="uq_customers_external_id"),
        sa.Index("ix_customers_hall_id", "hall", "id"),
        sa.Index("ix_customers_county_id", "county", "id"),
        sa.Index("ix_customers_clerk_id", "clerk", "id"),
        sa.Index("ix_customers_left", "left_at", "id", sqlite_where=LEFT, postgresql_where=LEFT),
        sa.Index(
            "ix_customers_withdrawn", "withdrawn_at", sqlite_where=WITHDRAWN, postgresql_where=WITHDRAWN
        ),
        sa.Index("ix_customers_not_followed", "id", sqlite_where=NOT_FOLLOWED, postgresql_where=NOT_FOLLOWED),
        sa.CheckConstraint("status IN ('active', 'left', 'erased')", name="status"),
        sa.CheckConstraint("tier IN ('A', 'B', 'C')", name="tier"),
    )

    id: UUID = Field(primary_key=True)
    version: int = 1
    status: str = Field(default="active", max_length=10)
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    clerk: str = Field(max_length=40)
    phone_enc: str = Field(max_length=120, repr=False)
    phone_index: str = Field(max_length=64, repr=False)
    phone_masked: str = Field(max_length=20)
    name: str = Field(max_length=40, repr=False)
    brand: int
    age_band: int
    spend_band: int
    gender: str | None = Field(default=None, max_length=10)
    habits: list[int] = Field(sa_column=sa.Column(JsonB, nullable=False))
    habits_note: str | None = Field(default=None, max_length=100)
    preferences: list[int] = Field(sa_column=sa.Column(JsonB, nullable=False))
    preferences_note: str | None = Field(default=None, max_length=100)
    tier: str = Field(default=rules.NEW_CUSTOMERS_TIER, max_length=1)
    sms_count: int = 0
    number_stored_name: str | None = Field(default=None, max_length=60)
    number_stored_number: str | None = Field(default=None, max_length=30)
    number_stored_at: datetime | None = Field(default=None, sa_type=Timestamp)
    number_stored_by: str | None = Field(default=None, max_length=80)
    carried_sms_count: int = 0
    carried_recommendations: str | None = Field(default=None, max_length=500)
    carried_services: str | None = Field(default=None, max_length=500)
    external_source: str | None = Field(default=None, max_length=40)
    external_id: str | None = Field(default=None, max_length=100)
    archived_at: datetime = Field(sa_type=Timestamp)
    archived_by: str = Field(max_length=40)
    recorded_at: datetime = Field(sa_type=Timestamp)
    last_contact_at: datetime = Field(sa_type=Timestamp)
    left_at: datetime | None = Field(default=None, sa_type=Timestamp)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Timestamp, description="Erasure is due.")
    followed_since: datetime | None = Field(default=None, sa_type=Timestamp)

    @property
    def profile(self) -> Profile:
        return Profile(
            name=self.name,
            brand=self.brand,
            age_band=self.age_band,
            spend_band=self.spend_band,
            gender=self.gender,
            habits=tuple(self.habits),
            habits_note=self.habits_note,
            preferences=tuple(self.preferences),
            preferences_note=self.preferences_note,
        )

    @property
    def post(self) -> Post:
        return Post(self.hall, self.county, self.clerk)

    @property
    def number_stored(self) -> NumberStored | None:
        if self.number_stored_at is None:
            return None
        name, number, by = self.number_stored_name, self.number_stored_number, self.number_stored_by
        return NumberStored(name or "", number or "", self.number_stored_at, by or "")

    @property
    def external(self) -> ExternalId | None:
        source, id_ = self.external_source, self.external_id
        return ExternalId(source, id_) if source is not None and id_ is not None else None

    def register(self, consents: Consents, *, origin: str) -> list[CustomerEvent]:
        """Say that the customer is archived, and that the hall's number is in their phone if it already is."""
        registered = CustomerRegistered(
            **self._snapshot(consents), occurred_at=self.archived_at, origin=origin
        )
        return [registered, self._number_is_stored()] if self.number_stored_at else [registered]

    def revise(
        self, profile: Profile, phone: SealedPhone | None, consents: Consents, *, by: str, now: datetime
    ) -> tuple["CustomerChange", CustomerUpdated] | None:
        """Take over what differs. None when nothing does; the version then stays."""
        changes = rules.changes(self.profile, profile)
        if phone is not None and phone.index != self.phone_index:
            changes.append({"field": "phone", "before": self.phone_masked, "after": phone.masked})
            self.phone_enc, self.phone_index, self.phone_masked = phone.enc, phone.index, phone.masked
        if not changes:
            return None
        self._is_here()
        self._take(profile)
        self.version += 1
        change = CustomerChange.of(self, changes, by=by, now=now)
        return change, self.updated(consents, now)

    def store_number(self, stored: NumberStored, plate: HallPlate) -> CustomerNumberStored:
        """Record that the hall's number is in the customer's phone; raises NumberStoredDiffers (C2)."""
        self._is_here()
        if wrong := rules.differences_from_plate(stored.name, stored.number, plate):
            raise NumberStoredDiffers(errors=wrong)
        self.number_stored_name, self.number_stored_number = stored.name, stored.number
        self.number_stored_at, self.number_stored_by = stored.at, stored.by or self.clerk
        self.version += 1
        return self._number_is_stored()

    def consent_changed(self, entry: Entry) -> CustomerConsentChanged:
        """The ledger's new entry is in force: the customer's version goes up with it.

        Who leaves the archive is to be erased; who agrees again before it is done stays.
        """
        if entry.decision == Decision.GRANTED:
            self._is_here()
        self.version += 1
        if entry.purpose == Purpose.ARCHIVE:
            self.withdrawn_at = entry.at if entry.decision == Decision.WITHDRAWN else None
        return CustomerConsentChanged(
            **self._identity(),
            occurred_at=entry.at,
            consent_id=entry.id,
            purpose=entry.purpose,
            decision=entry.decision,
            at=entry.at,
            channel=entry.channel,
            wording_version=entry.wording_version,
            evidence_kind=entry.evidence_kind,
            recorded_by=entry.clerk or None,
        )

    def leave(
        self, at: datetime, *, reported_by: str, reason: str | None = None
    ) -> CustomerLeftNetwork | None:
        """The number left the network: nothing is sent any more, and somebody else may have it. Said once."""
        if self.status != "active":
            return None
        self.status, self.left_at = "left", max(at, self.archived_at)
        self.external_source = self.external_id = None
        self.version += 1
        return CustomerLeftNetwork(
            **self._identity(),
            occurred_at=self.left_at,
            left_at=self.left_at,
            reason=reason,
            reported_by=reported_by,
        )

    def erase(self, *, reason: str, month: str | None, now: datetime) -> CustomerPurged:
        """Forget who it was. Hall, clerk, bands and counts stay, so that no figure moves."""
        self.phone_enc = self.phone_index = self.phone_masked = self.name = ""
        self.gender = self.habits_note = self.preferences_note = None
        self.habits, self.preferences = [], []
        self.carried_recommendations = self.carried_services = None
        self.external_source = self.external_id = self.withdrawn_at = None
        self.status = "erased"
        self.version += 1
        return CustomerPurged(**self._identity(), occurred_at=now, purged_at=now, reason=reason, month=month)

    def reassign(self, post: Post, *, by: str, now: datetime) -> "CustomerChange":
        """Somebody else manages the customer from now on, perhaps in another hall; who archived them stays."""
        self._is_here()
        before = self.post
        self.hall, self.county, self.clerk = post.hall, post.county, post.clerk
        self.version += 1
        return CustomerChange.moved(self.id, self.version, before, post, by=by, now=now)

    def updated(self, consents: Consents, at: datetime) -> CustomerUpdated:
        """The record as it is now, for those who keep a copy."""
        return CustomerUpdated(**self._snapshot(consents), occurred_at=at)

    def _is_here(self) -> None:
        """Who left may still be let go, and be asked for nothing; raises CustomerLeft."""
        if self.status != "active":
            raise CustomerLeft

    def _number_is_stored(self) -> CustomerNumberStored:
        stored = self.number_stored
        assert stored is not None
        return CustomerNumberStored(
            **self._identity(),
            occurred_at=stored.at,
            number_stored_at=stored.at,
            stored_by=stored.by,
            hall_number=stored.number,
            hall_full_name=stored.name,
        )

    def _take(self, profile: Profile) -> None:
        for field, value in asdict(profile).items():
            setattr(self, field, list(value) if isinstance(value, tuple) else value)

    def _identity(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "customer_id": self.id,
            "hall": self.hall,
            "county": self.county,
            "clerk": self.clerk,
        }

    def _snapshot(self, consents: Consents) -> dict[str, Any]:
        filled, total = rules.completeness(self.profile)
        return {
            **self._identity(),
            "brand": str(self.brand),
            "age_band": str(self.age_band),
            "spend_band": str(self.spend_band),
            "habits": tuple(map(str, self.habits)),
            "preferences": tuple(map(str, self.preferences)),
            "tier": self.tier,
            "consents": {purpose: _decided(entry) for purpose, entry in consents.items()},
            "phone_enc": self.phone_enc,
            "phone_index": self.phone_index,
            "phone_masked": self.phone_masked,
            "archived_at": self.archived_at,
            "archived_by": self.archived_by,
            "number_stored_at": self.number_stored_at,
            "fields_filled": filled,
            "fields_total": total,
        }


def _decided(entry: Entry) -> events.Consent:
    return events.Consent(granted=entry.decision == Decision.GRANTED, consent_id=entry.id, at=entry.at)


class CustomerChange(Table, table=True):
    """One edit of a record: who, when, what; number and name only masked."""

    __tablename__ = "customer_changes"
    __table_args__ = (sa.Index("ix_customer_changes_customer_id", "customer_id", "id"),)

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    hall: str = Field(max_length=20)
    county: str = Field(max_length=20)
    at: datetime = Field(sa_type=Timestamp)
    by: str = Field(max_length=80)
    version: int
    changes: list[dict[str, Any]] = Field(sa_column=sa.Column(JsonB, nullable=False))

    @classmethod
    def of(cls, customer: Customer, changes: list[dict[str, Any]], *, by: str, now: datetime) -> Self:
        return cls(
            id=ids.uuid7(),
            customer_id=customer.id,
            hall=customer.hall,
            county=customer.county,
            at=now,
            by=by,
            version=customer.version,
            changes=changes,
        )

    @classmethod
    def moved(
        cls, customer_id: UUID, version: int, before: Post, after: Post, *, by: str, now: datetime
    ) -> Self:
        """A hand-over: the clerk differs, and the hall where it does."""
        pairs = {"clerk": (before.clerk, after.clerk), "hall": (before.hall, after.hall)}
        return cls(
            id=ids.uuid7(),
            customer_id=customer_id,
            hall=after.hall,
            county=after.county,
            at=now,
            by=by,
            version=version,
            changes=[{"field": f, "before": a, "after": b} for f, (a, b) in pairs.items() if a != b],
        )


class CustomerMessage(Table, table=True):
    """An SMS that was sent, once: what 服务短信发送次数 counts (C5)."""

    __tablename__ = "customer_messages"
    __table_args__ = (sa.Index("ix_customer_messages_customer_id", "customer_id"),)

    message_id: UUID = Field(primary_key=True)
    customer_id: UUID
    message_class: str = Field(max_length=20)
    sent_at: datetime = Field(sa_type=Timestamp)


class CustomerTicket(Table, table=True):
    """A ticket as the archive shows it. Any part may arrive first; `version` is that of the newest status heard."""

    __tablename__ = "customer_tickets"
    __table_args__ = (sa.Index("ix_customer_tickets_customer_id", "customer_id"),)

    ticket_id: UUID = Field(primary_key=True)
    customer_id: UUID
    version: int
    kind: str | None = Field(default=None, max_length=20)
    category: str | None = Field(default=None, max_length=60)
    status: str | None = Field(default=None, max_length=20)
    score: int | None = None
    received_at: datetime | None = Field(default=None, sa_type=Timestamp)


class CustomerOffer(Table, table=True):
    """How things stand between a customer and a product: offered, answered, activated, denied (C6)."""

    __tablename__ = "customer_offers"
    __table_args__ = (
        sa.CheckConstraint(
            "outcome IN ('offered', 'accepted', 'declined', 'activated', 'denied')", name="outcome"
        ),
    )

    customer_id: UUID = Field(primary_key=True)
    product: str = Field(primary_key=True, max_length=40)
    title: str = Field(max_length=40)
    outcome: str = Field(max_length=10)
    reason: str | None = Field(default=None, max_length=40)
    at: datetime = Field(sa_type=Timestamp)
