"""The explanation as the API tells it: every decision and every answer, and the same in words."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.messaging.explanations.repository import Explanation, Origins
from services.messaging.messages.schemas import AnswerRead


class TemplateRef(BaseModel):
    """The version of the template it was written from."""

    code: str
    version: int
    title: str | None
    approver: str | None
    approved_at: datetime | None


class CampaignRef(BaseModel):
    """The campaign it belongs to."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    status: str
    author: str


class PlanRef(BaseModel):
    """The plan it belongs to."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    hall: str
    occasion: str
    author: str
    approver: str | None


class LineRead(BaseModel):
    """One part of it in words."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    title: str
    text: str


class WhyRead(BaseModel):
    """Why a message was sent or not."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    status: str
    reason: str | None
    cause: str
    period: str
    requested_by: str
    campaign_id: UUID | None
    campaign: CampaignRef | None
    plan: PlanRef | None
    ticket_id: UUID | None
    activation_id: UUID | None
    message_class: str = Field(serialization_alias="class")
    template: TemplateRef
    consent: dict[str, Any] | None = Field(description="The ledger row that allowed or forbade it.")
    cap: dict[str, Any] | None = Field(
        description="The slot and who shares its pool, or none for exempt classes."
    )
    quiet_hours: dict[str, Any] | None = Field(description="The hours it had to keep and what followed.")
    decisions: dict[str, Any]
    deadline: datetime | None
    attempts: int
    gateway_answers: list[AnswerRead]
    explanation: list[LineRead]

    @classmethod
    def of(cls, told: Explanation) -> Self:
        message, origins = told.message, told.origins
        return cls(
            **message.model_dump(include=set(cls.model_fields)),
            campaign=CampaignRef.model_validate(origins.campaign) if origins.campaign else None,
            plan=PlanRef.model_validate(origins.plan) if origins.plan else None,
            template=_template(message.template_code, message.template_version, origins),
            consent=message.decisions.get("consent"),
            cap=dict(told.cap) if told.cap else None,
            quiet_hours=message.decisions.get("quiet_hours"),
            gateway_answers=[AnswerRead.model_validate(answer) for answer in told.answers],
            explanation=[LineRead.model_validate(line) for line in told.lines],
        )


def _template(code: str, version: int, origins: Origins) -> TemplateRef:
    found = origins.template
    return TemplateRef(
        code=code, version=version, title=found.title if found else None,
        approver=found.approver if found else None, approved_at=found.approved_at if found else None,
    )  # fmt: skip
