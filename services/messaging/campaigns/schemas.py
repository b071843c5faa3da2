"""Bodies of the campaigns' requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.messaging.campaigns import rules
from services.messaging.campaigns.models import Campaign
from services.messaging.campaigns.rules import Progress
from services.messaging.templates.schemas import Params, TemplateCode
from shared import clock

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Codes = Annotated[list[Code], Field(max_length=50)]


class AudienceFilter(BaseModel):
    """Who of the area: one of each list that is given. Codes are the archive's."""

    model_config = ConfigDict(extra="forbid")

    brand: Codes = []
    age_band: Codes = []
    spend_band: Codes = []
    tier: Codes = []
    habits: Codes = []
    preferences: Codes = []
    hall: Codes = []

    def wanted(self) -> dict[str, list[str]]:
        return {name: codes for name, codes in self.model_dump().items() if codes}


class CampaignCreate(BaseModel):
    """A campaign to be: without hall and county it goes to all of its author's area."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    template: TemplateCode
    params: Params = {}
    hall: Code | None = None
    county: Code | None = None
    audience: AudienceFilter = AudienceFilter()
    starts_at: AwareDatetime | None = Field(None, description="默认立即")
    spread_until: AwareDatetime | None = Field(None, description="在此之前均匀发送；不填则尽快")
    ends_at: AwareDatetime = Field(description="到此为止，未发出的不再发送")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        begins = self.starts_at or clock.now()
        if self.ends_at <= begins:
            raise ValueError("截止时间应晚于开始时间")
        if self.spread_until is not None and not begins < self.spread_until <= self.ends_at:
            raise ValueError("均匀发送的时间应在开始时间与截止时间之间")
        return self

    def facts(self, *, now: datetime) -> dict[str, Any]:
        """The values of a command."""
        same = ("title", "template", "params", "hall", "county", "spread_until", "ends_at")
        facts = {name: getattr(self, name) for name in same}
        return {**facts, "filters": self.audience.wanted(), "starts_at": self.starts_at or now}


class Approval(BaseModel):
    """The head count said again, so that nobody writes to thousands without knowing it."""

    model_config = ConfigDict(extra="forbid")

    head_count: Annotated[int, Field(ge=0)]


class CampaignRead(BaseModel):
    """One campaign."""

    id: UUID
    title: str
    status: str
    pause_reason: str | None
    hall: str | None
    county: str | None
    template: str
    template_version: int
    message_class: str = Field(serialization_alias="class")
    params: dict[str, Any]
    audience: dict[str, Any]
    author: str
    approver: str | None
    head_count: int | None
    reachable: int | None = Field(description="Of them, who agreed and may be written to at the count.")
    starts_at: datetime
    spread_until: datetime | None
    ends_at: datetime
    counted_at: datetime | None
    approved_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    version: int
    allowed: tuple[str, ...] = Field(description="What may be done now.")

    model_config = ConfigDict(serialize_by_alias=True)

    @classmethod
    def of(cls, campaign: Campaign) -> Self:
        return cls(
            **campaign.model_dump(include=set(cls.model_fields)), template=campaign.template_code,
            audience=campaign.filters, allowed=rules.allowed_moves(campaign.status),
        )  # fmt: skip


class ProgressRead(BaseModel):
    """Where everybody of the audience is: audience = sent + suppressed + failed + pending."""

    id: UUID
    status: str
    audience: int
    sent: int = Field(description="Taken by a gateway, delivered or not yet.")
    delivered: int
    failed: int
    suppressed: int
    suppressed_by_reason: dict[str, int]
    pending: int
    pending_by_state: dict[str, int]
    reconciles: bool

    @classmethod
    def of(cls, campaign: Campaign, progress: Progress) -> Self:
        return cls(
            id=campaign.id, status=campaign.status, audience=progress.audience, sent=progress.sent,
            delivered=progress.delivered, failed=progress.failed, suppressed=progress.kept_back,
            suppressed_by_reason=dict(sorted(progress.suppressed.items())), pending=progress.waiting,
            pending_by_state=dict(sorted(progress.pending.items())), reconciles=progress.reconciles,
        )  # fmt: skip
