"""Bodies of the sales campaigns API."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.customer.consent.schemas import line
from services.customer.products.schemas import FEN, Amount, ProductCode, amount_text
from services.customer.sales.models import SalesCampaign, SalesTarget
from services.customer.sales.repository import Progress
from services.customer.sales.rules import Reached, Target


def _once(codes: list[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _one_for_each(targets: "list[TargetBody]") -> "list[TargetBody]":
    whose = [(target.hall, target.clerk) for target in targets]
    if len(set(whose)) < len(whose):
        raise ValueError("同一营业厅或工号只能有一个目标。")
    return targets


Title = Annotated[str, line(60)]
Place = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,20}$")]
Products = Annotated[list[ProductCode], Field(min_length=1, max_length=50), AfterValidator(_once)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TargetBody(_Body):
    """What a hall, or one clerk of it, is to reach: a number, an amount, or both."""

    hall: Place
    clerk: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{0,40}$")] = ""
    number: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    amount: Amount = Decimal(0)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.number and not self.amount:
            raise ValueError("目标应有件数或金额。")
        return self

    def value(self) -> Target:
        return Target(self.hall, self.clerk, self.number, int(self.amount * FEN))


Targets = Annotated[list[TargetBody], Field(max_length=2000), AfterValidator(_one_for_each)]


class SalesCampaignCreate(_Body):
    """A campaign of one county, or without one of the whole region."""

    title: Title
    county: Place | None = None
    starts_on: date
    ends_on: date
    products: Products
    targets: Targets = []

    def facts(self) -> dict[str, Any]:
        return self.model_dump(exclude={"targets"})


class SalesCampaignChange(_Body):
    """What is absent stays; targets are replaced as a whole."""

    title: Title | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    products: Products | None = None
    targets: Targets | None = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude={"targets"}, exclude_none=True)


class TargetRead(BaseModel):
    """A target as answered; an empty clerk is the whole hall."""

    hall: str
    clerk: str
    number: int
    amount: str

    @classmethod
    def of(cls, target: SalesTarget) -> Self:
        return cls(
            hall=target.hall, clerk=target.clerk, number=target.number, amount=amount_text(target.amount_fen)
        )


class SalesCampaignRead(BaseModel):
    """A campaign as answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    title: str
    county: str | None
    starts_on: date
    ends_on: date
    products: list[str]
    updated_at: datetime

    @classmethod
    def of(cls, campaign: SalesCampaign) -> Self:
        return cls.model_validate(campaign)


class SalesCampaignCard(SalesCampaignRead):
    """A campaign with the targets that the caller may see."""

    targets: list[TargetRead]


class ReachedRead(BaseModel):
    """What was reached of a target; numerator and denominator are of the number."""

    hall: str
    clerk: str
    numerator: int
    denominator: int
    amount: str
    target_amount: str

    @classmethod
    def of(cls, reached: Reached) -> Self:
        return cls(
            hall=reached.hall, clerk=reached.clerk, numerator=reached.number, denominator=reached.target_number,
            amount=amount_text(reached.fen), target_amount=amount_text(reached.target_fen),
        )  # fmt: skip


class ProgressRead(BaseModel):
    """How far a campaign has come."""

    campaign: SalesCampaignRead
    items: list[ReachedRead]
    total: ReachedRead

    @classmethod
    def of(cls, progress: Progress) -> Self:
        return cls(
            campaign=SalesCampaignRead.of(progress.campaign),
            items=[ReachedRead.of(line) for line in progress.lines],
            total=ReachedRead.of(progress.total),
        )
