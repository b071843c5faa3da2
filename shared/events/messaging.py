"""What the messaging service says: the fate of every SMS, and what customers answer."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Count, Event, Moment, Month, Words


class MessageEvent(Event):
    """One SMS, identified by `message_id` through all its states."""

    aggregate: ClassVar = "message_id"
    speakers: ClassVar = ("messaging",)

    message_id: UUID
    customer_id: UUID | None = Field(description="None for notices to staff and answers to unknown senders.")
    hall: Code | None = Field(description="None when it concerns no single hall.")
    county: Code | None
    clerk: Code | None = None
    message_class: Code = Field(description="intro, service, holiday, marketing, notice, ack, confirmation.")
    counted: bool = Field(description="Whether it counts in 服务短信发送次数 once it was sent.")
    template: Code
    template_version: Count = 1
    campaign_id: UUID | None = None
    ticket_id: UUID | None = None
    activation_id: UUID | None = None
    consent_id: UUID | None = Field(None, description="The ledger row that allowed or forbade it.")
    cap_month: Month | None = Field(
        None, description="The month whose cap it uses; none for exempt classes …"
    )
    cap_slot: Count | None = Field(None, description="… and the slot in it, from 1.")
    deadline: Moment | None = Field(None, description="For an introduction: when its seven days end.")
    segments: Count = 1


class SmsAccepted(MessageEvent):
    """The gateway took the message: it counts as sent."""

    topic: ClassVar = "sms.accepted"
    heard_by: ClassVar = {
        "customer": "counts 服务短信发送次数, once per message",
        "kpi": "introductions on time, coverage, cap",
    }

    gateway: Code
    submitted_at: Moment
    accepted_at: Moment

    @property
    def on_time(self) -> bool:
        """Whether it was sent by its deadline; true when it has none."""
        return self.deadline is None or self.accepted_at <= self.deadline


class SmsDelivered(MessageEvent):
    """The handset has it. Also the proof that a message of unknown fate was sent after all."""

    topic: ClassVar = "sms.delivered"
    heard_by: ClassVar = {
        "customer": "counts 服务短信发送次数, once per message",
        "kpi": "introductions on time, coverage, cap",
    }

    gateway: Code
    submitted_at: Moment
    delivered_at: Moment


class SmsFailed(MessageEvent):
    """The gateway refused the message, or could not deliver it after having taken it."""

    topic: ClassVar = "sms.failed"
    heard_by: ClassVar = {"customer": "keeps the archive's count true", "kpi": "failures by reason"}

    gateway: Code | None = None
    submitted_at: Moment | None = None
    failed_at: Moment
    reason: Code
    was_accepted: bool = Field(description="True when it had been taken: it then stays counted.")


class SmsUnknown(MessageEvent):
    """Nobody knows whether the gateway has the message; it is never sent again blindly."""

    topic: ClassVar = "sms.unknown"
    heard_by: ClassVar = {"customer": "waits for the outcome", "kpi": "unknown outcomes"}

    gateway: Code
    submitted_at: Moment
    reason: Code


class SmsSuppressed(MessageEvent):
    """A rule kept the message back."""

    topic: ClassVar = "sms.suppressed"
    heard_by: ClassVar = {"customer": "shows why nothing was sent", "kpi": "suppressions by reason"}

    reason: Code = Field(
        description="no-consent, cap-reached, min-gap, opted-out, number-dead, complaint-open, complaint-recent, "
        "left-network, deadline-passed …"
    )


class SmsIntroMissed(Event):
    """A customer's seven days ended without an introduction."""

    topic: ClassVar = "sms.intro_missed"
    aggregate: ClassVar = "customer_id"
    speakers: ClassVar = ("messaging",)
    heard_by: ClassVar = {"kpi": "introductions on time"}

    customer_id: UUID
    hall: Code
    county: Code
    clerk: Code
    message_id: UUID | None = None
    deadline: Moment
    cause: Code


class InboundEvent(Event):
    """One SMS that came in. Hall and clerk are the customer's, or those of the number it was sent to."""

    aggregate: ClassVar = "inbound_id"
    speakers: ClassVar = ("messaging",)

    inbound_id: UUID
    customer_id: UUID | None = None
    hall: Code | None = None
    county: Code | None = None
    clerk: Code | None = None
    in_reply_to: UUID | None = Field(None, description="The message it answers, where that is known.")
    received_at: Moment


class SmsOptedOut(InboundEvent):
    """The sender wants no more of these messages."""

    topic: ClassVar = "sms.opted_out"
    heard_by: ClassVar = {"customer": "writes the withdrawal into the ledger", "kpi": "opt-outs"}

    phone_index: str
    phone_masked: str
    keyword: Code
    purposes: tuple[Code, ...]


class SmsActivationDenied(InboundEvent):
    """The answer to a confirmation SMS was "not me"."""

    topic: ClassVar = "sms.activation_denied"
    aggregate: ClassVar = "activation_id"
    heard_by: ClassVar = {
        "complaints": "opens a ticket on the fast track",
        "customer": "marks the activation",
    }

    activation_id: UUID
    product: Code | None = None


class SmsEnquiryReceived(InboundEvent):
    """Anything else that a customer wrote: an enquiry for the hall."""

    topic: ClassVar = "sms.enquiry_received"
    heard_by: ClassVar = {"complaints": "opens an enquiry"}

    phone_enc: str = Field(repr=False)
    phone_index: str
    phone_masked: str
    text: Words


class CampaignCompleted(Event):
    """A campaign has no message left to decide; the counts add up to the audience."""

    topic: ClassVar = "campaign.completed"
    aggregate: ClassVar = "campaign_id"
    speakers: ClassVar = ("messaging",)
    heard_by: ClassVar = {"kpi": "campaigns by outcome"}

    campaign_id: UUID
    hall: Code | None = None
    county: Code | None = None
    message_class: Code
    template: Code
    audience: Count
    sent: Count
    delivered: Count
    failed: Count
    unknown: Count
    cancelled: Count = 0
    suppressed: dict[str, int] = Field(description="Count by reason.")
    started_at: Moment
    completed_at: Moment


class PersonalDataExported(Event):
    """Somebody put together what a service holds of a person. The customer service's access log keeps it."""

    topic: ClassVar = "personal_data.exported"
    aggregate: ClassVar = "export_id"
    speakers: ClassVar = ("messaging", "complaints")
    heard_by: ClassVar = {"customer": "access log"}

    export_id: UUID
    service: Code
    customer_id: UUID
    hall: Code
    county: Code
    exported_by: Code = Field(description="Staff number or client.")
    role: Code
    reason: Code = Field(description="person-request, complaint, authority.")
