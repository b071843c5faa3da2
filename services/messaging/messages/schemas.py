"""What the API shows of messages. Numbers are masked; there is no member for a clear one."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.messaging.messages.models import Message


class MessageRead(BaseModel):
    """One message."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    status: str
    reason: str | None
    message_class: str = Field(serialization_alias="class")
    template: str
    template_version: int
    campaign_id: UUID | None
    customer_id: UUID | None
    hall: str | None
    phone_masked: str | None
    text: str
    segments: int
    counted: bool
    cap_pool: str | None
    cap_month: str | None
    cap_slot: int | None
    pool_shared_with: list[str] = Field(description="Every class that uses the pool it was about.")
    gateway: str | None
    gateway_code: str | None
    failure: str | None = Field(description="What the carrier's code comes to.")
    send_at: datetime
    deadline: datetime | None
    submitted_at: datetime | None
    accepted_at: datetime | None
    delivered_at: datetime | None
    unknown_since: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, message: Message) -> Self:
        shown = message.model_dump(include=set(cls.model_fields))
        return cls(
            **shown, template=message.template_code, counted=message.counted,
            pool_shared_with=message.decisions.get("cap", {}).get("shared_with", []),
        )  # fmt: skip


class AnswerRead(BaseModel):
    """One thing a gateway said."""

    model_config = ConfigDict(from_attributes=True)

    gateway: str
    attempt: int
    source: str
    said: str
    segment: int
    segments: int
    code: str | None
    failure: str | None
    gateway_message_id: str | None
    at: datetime
    recorded_at: datetime


class UnknownRead(BaseModel):
    """A message whose outcome nobody knows, and for how long."""

    id: UUID
    customer_id: UUID | None
    hall: str | None
    phone_masked: str | None
    gateway: str | None
    submitted_at: datetime | None
    unknown_since: datetime
    age_seconds: int

    @classmethod
    def of(cls, message: Message, now: datetime) -> Self:
        since = message.unknown_since or message.updated_at
        shown = message.model_dump(
            include={"id", "customer_id", "hall", "phone_masked", "gateway", "submitted_at"}
        )
        return cls(**shown, unknown_since=since, age_seconds=int((now - since).total_seconds()))
