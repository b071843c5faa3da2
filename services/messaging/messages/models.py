"""A message from intent to outcome, and the log of what gateways answered about it.

Verbs return the event, or None where nothing changed. Only `settle` moves a message that may have left the house.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_attribute
from sqlmodel import Field

from services.messaging.messages.rules import SENT, WAITING, Outcome
from services.messaging.tables import Table
from services.messaging.templates import rules as templates
from shared.columns import BigId, JsonB, Timestamp
from shared.events.messaging import (
    MessageEvent,
    SmsAccepted,
    SmsDelivered,
    SmsFailed,
    SmsIntroMissed,
    SmsSuppressed,
    SmsUnknown,
)


def _partial(name: str, *columns: str, where: str) -> sa.Index:
    """An index of the few rows that still have something ahead of them: it stays small while the table grows."""
    return sa.Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


NOT_SENT_IN_TIME = (
    "missed_at IS NULL AND status IN ('planned', 'held', 'queued', 'failed', 'suppressed', 'expired')"
)
"""Whose deadline may still be missed. Of those in flight or unknown it is not decided yet."""
KEPT = "(text <> '' OR phone_enc IS NOT NULL)"
"""What retention has still to erase."""


PART_WITH_ID = "segment > 0 AND gateway_message_id IS NOT NULL"
"""Answers about a part of a long message that has an id of its own."""


class Message(Table, table=True):
    """One SMS to one number. `(recipient, template_code, cause, period)` is its business key, unique for ever."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.UniqueConstraint("recipient", "template_code", "cause", "period", name="uq_messages_intent"),
        sa.Index("ix_messages_customer_id", "customer_id", "id"),
        sa.Index("ix_messages_hall_id", "hall", "id"),
        sa.Index("ix_messages_county_id", "county", "id"),
        sa.Index("ix_messages_phone_index", "phone_index"),
        _partial("ix_messages_plan", "plan_id", "status", "reason", where="plan_id IS NOT NULL"),
        _partial("ix_messages_campaign", "campaign_id", "status", "reason", where="campaign_id IS NOT NULL"),
        sa.Index("ix_messages_gateway_message_id", "gateway_message_id", "gateway"),
        _partial("ix_messages_planned", "created_at", where="status = 'planned'"),
        _partial("ix_messages_held", "send_at", where="status = 'held'"),
        _partial("ix_messages_queue", "gateway", "due_at", "id", where="status = 'queued'"),
        _partial("ix_messages_lease", "lease_until", where="status = 'submitting'"),
        _partial("ix_messages_unknown", "unknown_since", "id", where="status = 'unknown'"),
        _partial("ix_messages_unknown_of_hall", "hall", "unknown_since", "id", where="status = 'unknown'"),
        _partial("ix_messages_sent", "submitted_at", where="accepted_at IS NOT NULL"),
        _partial("ix_messages_accepted", "gateway", "accepted_at", where="status = 'accepted'"),
        _partial("ix_messages_deadline", "deadline", where=NOT_SENT_IN_TIME),
        _partial("ix_messages_kept", "created_at", where=KEPT),
    )

    BLANK: ClassVar[dict[str, Any]] = {}
    """A planned message's columns before anything is known."""

    id: UUID = Field(primary_key=True)
    version: int = 1
    customer_id: UUID | None = None
    recipient: str = Field(
        max_length=64, repr=False, description="Customer's id, or the number's blind index."
    )
    hall: str | None = Field(default=None, max_length=64)
    county: str | None = Field(default=None, max_length=64)
    clerk: str | None = Field(default=None, max_length=64)
    phone_enc: str | None = Field(default=None, max_length=120, repr=False)
    phone_index: str | None = Field(default=None, max_length=64, repr=False)
    phone_masked: str | None = Field(default=None, max_length=20)
    message_class: str = Field(max_length=20)
    template_code: str = Field(max_length=40)
    template_version: int = 0
    params: dict[str, Any] = Field(sa_type=JsonB)
    text: str = Field(default="", sa_type=sa.Text, repr=False)
    secret_enc: str | None = Field(
        default=None,
        max_length=120,
        repr=False,
        description="A word that stands in the text as dots, such as a code; only dispatch opens it.",
    )
    segments: int = 0
    cause: str = Field(max_length=120)
    period: str = Field(max_length=40)
    campaign_id: UUID | None = None
    plan_id: UUID | None = None
    ticket_id: UUID | None = None
    activation_id: UUID | None = None
    requested_by: str = Field(max_length=80)
    status: str = Field(default="planned", max_length=12)
    reason: str | None = Field(default=None, max_length=60)
    consent_id: UUID | None = None
    consent_at: datetime | None = Field(default=None, sa_type=Timestamp)
    cap_pool: str | None = Field(default=None, max_length=20)
    cap_month: str | None = Field(default=None, max_length=7)
    cap_slot: int | None = None
    decisions: dict[str, Any] = Field(
        sa_type=JsonB, description="What `why` tells: consent, cap, quiet hours."
    )
    gateway: str | None = Field(default=None, max_length=40)
    gateway_message_id: str | None = Field(default=None, max_length=120)
    gateway_code: str | None = Field(default=None, max_length=60)
    failure: str | None = Field(
        default=None,
        max_length=20,
        description="What the carrier's code comes to; the code itself stays beside it.",
    )
    fallback: str | None = Field(
        default=None, max_length=40, description="The gateway that takes it over while its own is paused."
    )
    send_at: datetime = Field(sa_type=Timestamp, description="Not before.")
    due_at: datetime = Field(sa_type=Timestamp, description="How urgent: the queue is served in this order.")
    deadline: datetime | None = Field(default=None, sa_type=Timestamp)
    missed_at: datetime | None = Field(default=None, sa_type=Timestamp)
    lease_token: UUID | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Timestamp)
    attempts: int = 0
    submitted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    accepted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    delivered_at: datetime | None = Field(default=None, sa_type=Timestamp)
    unknown_since: datetime | None = Field(default=None, sa_type=Timestamp)
    asked_at: datetime | None = Field(
        default=None, sa_type=Timestamp, description="When the gateway was last asked where the receipt is."
    )
    created_at: datetime = Field(sa_type=Timestamp)
    updated_at: datetime = Field(sa_type=Timestamp)

    def __setattr__(self, name: str, value: Any) -> None:
        """Columns once, by SQLAlchemy: SQLModel keeps a second account of them that costs as much and tells nothing."""
        if name in self.BLANK:
            set_attribute(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def is_waiting(self) -> bool:
        """Whether it has provably not left the house."""
        return self.status in WAITING

    @property
    def counted(self) -> bool:
        """Whether it counts in 服务短信发送次数 once sent: everything but answers to what the customer did."""
        return not templates.is_exempt(self.message_class)

    def hold(self, until: datetime, *, now: datetime) -> None:
        """Wait for the next hour in which it may be sent."""
        self._move("held", now)
        self.send_at = until

    def queue(self, *, now: datetime) -> None:
        """Ready for its gateway."""
        self._move("queued", now)

    def suppress(self, reason: str, *, now: datetime) -> SmsSuppressed | None:
        """Keep it back for good; None when it has left the house or was decided already."""
        if not self.is_waiting:
            return None
        self._move("suppressed", now, reason)
        return SmsSuppressed(**self._facts(now), reason=reason)

    def expire(self, reason: str, *, now: datetime) -> SmsSuppressed | None:
        """Its time is over before it left the house."""
        if not self.is_waiting:
            return None
        self._move("expired", now, reason)
        return SmsSuppressed(**self._facts(now), reason=reason)

    def cancel(self, reason: str, *, now: datetime) -> SmsSuppressed | None:
        """Somebody called it back before it left the house."""
        if not self.is_waiting:
            return None
        self._move("cancelled", now, reason)
        return SmsSuppressed(**self._facts(now), reason=reason)

    def claim(self, token: UUID, until: datetime, *, now: datetime) -> None:
        """Hand it to one dispatcher, who alone may submit it until the lease ends."""
        self._move("submitting", now)
        self.lease_token, self.lease_until, self.submitted_at = token, until, now
        self.attempts += 1

    def put_back(
        self, token: UUID | None, *, at: datetime, now: datetime, only_unknown: bool = False
    ) -> bool:
        """Queue it again: it provably never reached the gateway. False when the claim is somebody else's by now."""
        states = ("unknown",) if only_unknown else ("submitting", "unknown")
        if self.status not in states or (token is not None and self.lease_token != token):
            return False
        self._move("queued", now)
        self.send_at, self.submitted_at, self.unknown_since = at, None, None
        return True

    def reroute(self, *, now: datetime) -> None:
        """Give it to its second gateway: the first is paused, and it provably never left by it."""
        if self.status != "queued" or self.fallback is None:
            return
        note = {"from": self.gateway, "at": now.isoformat()}
        self.decisions = {**self.decisions, "failover": note}
        self.gateway, self.fallback, self.updated_at = self.fallback, None, now

    def settle(self, outcome: Outcome, *, now: datetime) -> MessageEvent | None:
        """Take over what the gateway's answers add up to; None when that is what was known before."""
        self.accepted_at = outcome.accepted_at or self.accepted_at
        if outcome.status == self.status:
            return None
        self._move(outcome.status, now, outcome.code if outcome.status == "failed" else None)
        self.gateway_code, self.failure = outcome.code, outcome.failure
        self.unknown_since = outcome.at if outcome.status == "unknown" else None
        if outcome.status == "delivered":
            self.delivered_at = outcome.at
        return self._settled(outcome, now)

    def miss(self, *, now: datetime) -> SmsIntroMissed | None:
        """The deadline passed before it was sent: said once, with the cause."""
        if self.missed_at is not None or self.deadline is None or self.was_sent_by(self.deadline):
            return None
        cause = self.reason or ("gateway" if self.status == "queued" else self.status)
        self.missed_at, self.updated_at = now, now
        if self.message_class != "intro" or self.customer_id is None or self.hall is None:
            return None
        return SmsIntroMissed(
            version=self.version, occurred_at=self.deadline, customer_id=self.customer_id, hall=self.hall,
            county=self.county or self.hall, clerk=self.clerk or self.hall, message_id=self.id,
            deadline=self.deadline, cause=cause,
        )  # fmt: skip

    def was_sent_by(self, moment: datetime) -> bool:
        """Whether a gateway had taken it by then."""
        return self.status in SENT and self.submitted_at is not None and self.submitted_at <= moment

    def forget(self) -> None:
        """Retention is over: content and number go, the fact stays (M12)."""
        self.text, self.params = "", {}
        self.phone_enc = self.phone_index = self.secret_enc = None
        if self.customer_id is None:
            self.recipient = str(self.id)

    def _move(self, status: str, now: datetime, reason: str | None = None) -> None:
        self.status, self.reason, self.updated_at = status, reason, now
        self.lease_token = self.lease_until = None
        if status not in (*WAITING, "submitting", "unknown"):
            self.secret_enc = None
        self.version += 1

    def _settled(self, outcome: Outcome, now: datetime) -> MessageEvent:
        facts, submitted = self._facts(outcome.at), self.submitted_at or outcome.at
        gateway = self.gateway or "unknown"
        if outcome.status == "accepted":
            return SmsAccepted(**facts, gateway=gateway, submitted_at=submitted, accepted_at=outcome.at)
        if outcome.status == "delivered":
            return SmsDelivered(**facts, gateway=gateway, submitted_at=submitted, delivered_at=outcome.at)
        if outcome.status == "unknown":
            return SmsUnknown(
                **facts, gateway=gateway, submitted_at=submitted, reason=outcome.code or "unknown"
            )
        return SmsFailed(
            **facts, gateway=gateway, submitted_at=submitted, failed_at=outcome.at,
            reason=outcome.code or "failed", was_accepted=outcome.was_accepted,
        )  # fmt: skip

    def _facts(self, at: datetime) -> dict[str, Any]:
        return {
            "version": self.version,
            "occurred_at": at,
            "message_id": self.id,
            "customer_id": self.customer_id,
            "hall": self.hall,
            "county": self.county,
            "clerk": self.clerk,
            "message_class": self.message_class,
            "counted": self.counted,
            "template": self.template_code,
            "template_version": self.template_version,
            "campaign_id": self.campaign_id,
            "ticket_id": self.ticket_id,
            "activation_id": self.activation_id,
            "consent_id": self.consent_id,
            "cap_month": self.cap_month,
            "cap_slot": self.cap_slot,
            "deadline": self.deadline,
            "segments": self.segments,
        }


def _blank() -> dict[str, Any]:
    empty: dict[str, Any] = {column.name: None for column in Message.__table__.columns}  # type: ignore[attr-defined]
    counts = {"version": 1, "template_version": 0, "segments": 0, "attempts": 0}
    return {**empty, **counts, "text": "", "status": "planned", "params": {}, "decisions": {}}


Message.BLANK = _blank()


class GatewayAnswer(Table, table=True):
    """One thing a gateway said about a message: kept as the proof of what really left the house."""

    __tablename__ = "gateway_answers"
    __table_args__ = (
        sa.UniqueConstraint("message_id", "attempt", "said", "segment", name="uq_gateway_answers_fact"),
        sa.Index("ix_gateway_answers_submitted_at", "submitted_at"),
        _partial("ix_gateway_answers_part", "gateway_message_id", where=PART_WITH_ID),
    )

    id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, sa.Identity(always=False), primary_key=True)
    )
    message_id: UUID
    gateway: str = Field(max_length=40)
    attempt: int
    source: str = Field(max_length=10, description="submit, receipt, query or lease.")
    said: str = Field(max_length=12)
    segment: int = 0
    segments: int = 1
    code: str | None = Field(default=None, max_length=60)
    failure: str | None = Field(default=None, max_length=20)
    gateway_message_id: str | None = Field(default=None, max_length=120)
    at: datetime = Field(sa_type=Timestamp)
    submitted_at: datetime | None = Field(default=None, sa_type=Timestamp)
    recorded_at: datetime = Field(sa_type=Timestamp)
