"""Schemes and targets as they are written and read."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from services.kpi.periods.schemas import MonthCode
from services.kpi.schemes.models import Scheme, Target
from services.kpi.schemes.rules import Level, MissingPolicy, SchemeItem

Number = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
Weight = Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]


class SchemeItemWrite(BaseModel):
    """One indicator's weight and target in a scheme."""

    model_config = ConfigDict(extra="forbid")

    indicator: Annotated[str, Field(min_length=1, max_length=40)]
    weight: Weight
    target: Amount
    per_head: bool = False
    tolerance: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4)] | None = None


class SchemeCreate(BaseModel):
    """A draft of the next version for one level; weights sum to 100."""

    model_config = ConfigDict(extra="forbid")

    level: Level
    name: Annotated[str, Field(min_length=1, max_length=60)]
    effective_from: MonthCode
    missing_policy: MissingPolicy = "exclude_and_renormalise"
    minimum_sample: Annotated[int, Field(ge=0, le=100_000)] = 1
    items: Annotated[list[SchemeItemWrite], Field(min_length=1, max_length=100)]

    def to_items(self) -> list[SchemeItem]:
        return [SchemeItem(**item.model_dump()) for item in self.items]


class SchemeItemRead(BaseModel):
    """One indicator of a scheme."""

    model_config = ConfigDict(from_attributes=True)

    indicator: str
    weight: Number
    target: Number
    per_head: bool
    tolerance: Number | None


class SchemeRead(BaseModel):
    """A scheme with its items; `sha256` is there once it is published."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    level: Level
    version: int
    name: str
    effective_from: str
    missing_policy: MissingPolicy
    minimum_sample: int
    status: str
    published_at: datetime | None
    sha256: str | None
    items: list[SchemeItemRead]

    @classmethod
    def of(cls, scheme: Scheme, items: Sequence[SchemeItem]) -> Self:
        members = {
            name: getattr(scheme, name) for name in cls.model_fields if name not in {"status", "items"}
        }
        status = "published" if scheme.published else "draft"
        return cls(**members, status=status, items=[SchemeItemRead.model_validate(item) for item in items])


class TargetWrite(BaseModel):
    """A plan; setting one that exists replaces it."""

    model_config = ConfigDict(extra="forbid")

    month: MonthCode
    level: Level
    subject: Annotated[str, Field(min_length=1, max_length=64)]
    indicator: Annotated[str, Field(min_length=1, max_length=40)]
    value: Amount


class TargetRead(BaseModel):
    """A plan as it stands."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    month: str
    level: Level
    subject: str
    indicator: str
    value: Number
    set_at: datetime

    @classmethod
    def of(cls, target: Target) -> Self:
        return cls.model_validate(target)
