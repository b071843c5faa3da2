"""Bodies of rules, runs, ratings and strategies."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.customer.archive.schemas import Note
from services.customer.tiers import models, rules
from shared.phones import hide_numbers

Points = Annotated[int, Field(ge=-1000, le=1000)]
CodeText = Annotated[str, Field(pattern=r"^[0-9]{1,3}$")]
PointsByCode = Annotated[dict[CodeText, Points], Field(max_length=100)]
RuleField = Literal["brand", "age_band", "spend_band", "habits", "preferences"]
Tables = Annotated[dict[RuleField, PointsByCode], Field(max_length=len(rules.FIELDS))]
Days = Annotated[int, Field(ge=1, le=1000)]
Owed = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(hide_numbers)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DimensionsBody(_Body):
    """Points by code, for what the archive knows: value (消费额度), importance, potential (偏好, 习惯 …)."""

    value: Tables = {}
    importance: Tables = {}
    potential: Tables = {}


class ThresholdsBody(_Body):
    """The points from which on a customer is of tier A or B; everybody else is C."""

    A: Points
    B: Points


class DefinitionBody(_Body):
    """A rule: points, thresholds, and how many months in a row below before a tier is lost."""

    points: DimensionsBody
    thresholds: ThresholdsBody
    demote_after_months: Annotated[int, Field(ge=1, le=24)] = 2


class TierRuleCreate(_Body):
    """The next version, as a draft."""

    note: Note
    definition: DefinitionBody


class PublicationCreate(_Body):
    """From which day on the version counts; today when nothing is said."""

    effective_from: date | None = None


class TierRuleRead(BaseModel):
    """A version of the rule."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    status: Literal["draft", "published"]
    note: str
    definition: dict[str, Any]
    effective_from: date | None
    created_by: str
    created_at: datetime
    published_by: str | None
    published_at: datetime | None

    @classmethod
    def of(cls, rule: models.TierRule) -> Self:
        return cls.model_validate(
            {**rule.model_dump(), "status": "published" if rule.published_at else "draft"}
        )


class OutlookRead(BaseModel):
    """What a rule would make of the caller's customers; nothing is changed."""

    model_config = ConfigDict(from_attributes=True)

    customers: int
    now: dict[str, int]
    then: dict[str, int]
    promoted: int
    demoted: int
    waiting: int


class ProofRead(BaseModel):
    """A past month rated again with the rule and the inputs of then."""

    model_config = ConfigDict(from_attributes=True)

    month: str
    rule_version: int
    customers: int
    identical: int
    different: int


class TierRunRead(BaseModel):
    """One walk through the customers."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    occasion: str
    month: str
    newcomers_only: bool
    rule_version: int
    seen: int
    changed: int
    started_at: datetime
    finished_at: datetime | None


class TierRatingRead(BaseModel):
    """What the rule said in a month, with what it looked at; `months_below` counts towards a demotion."""

    model_config = ConfigDict(from_attributes=True)

    month: str
    from_tier: str | None
    tier: str
    months_below: int
    rule_version: int
    inputs: dict[str, Any]
    points: dict[str, int]
    at: datetime


class StrategyPut(_Body):
    """How a tier is kept up."""

    target_days: Days
    max_days: Days
    acts: Literal["clerk", "hall_manager"] = "clerk"
    owed: Annotated[list[Owed], Field(max_length=20)] = []


class StrategyRead(BaseModel):
    """How a tier is kept up: target and longest gap in days, who acts, what the customer is owed."""

    model_config = ConfigDict(from_attributes=True)

    tier: str
    version: int
    target_days: int
    max_days: int
    acts: str
    owed: list[str]
    updated_by: str
    updated_at: datetime


class StrategyList(BaseModel):
    """All of them: there are three."""

    items: list[StrategyRead]
