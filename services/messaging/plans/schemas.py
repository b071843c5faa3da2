"""Bodies of the plans' requests and answers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.messaging.audience.models import Hall
from services.messaging.budget import rules as budget
from services.messaging.budget.rules import Rule
from services.messaging.plans.models import Plan
from services.messaging.plans.rules import HOLIDAY, Coverage, PlannedClass, Progress
from services.messaging.templates.schemas import Params, TemplateCode

Month = Annotated[str, StringConstraints(pattern=r"^2\d{3}-(0[1-9]|1[0-2])$")]
HallCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,16}$")]


class PlansCreate(BaseModel):
    """Content for a month's service SMS or for a festival's greetings, for some halls or for all of the area."""

    model_config = ConfigDict(extra="forbid")

    message_class: PlannedClass = Field(alias="class")
    month: Month | None = Field(None, description="服务短信的月份")
    day: Annotated[date, Field(ge=date(2020, 1, 1), le=date(2100, 12, 31))] | None = Field(
        None, description="节日问候的日期"
    )
    template: TemplateCode
    params: Params = {}
    halls: Annotated[list[HallCode], Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _one_occasion(self) -> Self:
        wanted, other = (self.day, self.month) if self.message_class == HOLIDAY else (self.month, self.day)
        if wanted is None or other is not None:
            raise ValueError("服务短信填写月份 month，节日问候填写日期 day，二者择一")
        return self

    @property
    def occasion(self) -> str:
        return self.day.isoformat() if self.day else self.month or ""


class PlanPatch(BaseModel):
    """Other words for a draft."""

    model_config = ConfigDict(extra="forbid")

    template: TemplateCode | None = None
    params: Params | None = None


class MonthApproval(BaseModel):
    """Every draft of this month inside the caller's area that somebody else wrote."""

    model_config = ConfigDict(extra="forbid")

    month: Month


class PoolRead(BaseModel):
    """Whose cap the messages use: said on every answer, since holiday greetings may have slots of their own."""

    pool: str | None
    shared_with: list[str]
    cap: int

    @classmethod
    def of(cls, rules: Mapping[str, Rule], message_class: str) -> Self:
        rule = rules[message_class]
        return cls(pool=rule.pool, shared_with=budget.sharers(rules, message_class), cap=rule.cap)


class ProgressRead(BaseModel):
    """`planned` = `pending` + `sent` + `failed` + `unknown` + all of `suppressed`."""

    model_config = ConfigDict(from_attributes=True)

    planned: int
    pending: int
    sent: int
    failed: int
    unknown: int
    suppressed: dict[str, int]


class PlanRead(BaseModel):
    """A hall's content for an occasion and where everybody of it is."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: UUID
    version: int
    month: str
    hall: str
    message_class: str = Field(serialization_alias="class")
    occasion: str
    template: str
    params: dict[str, Any]
    status: Literal["draft", "approved", "cancelled"]
    author: str
    approver: str | None
    days: list[date] = Field(description="The days its messages are spread over, once laid out.")
    laid_out_at: datetime | None
    created_at: datetime
    approved_at: datetime | None
    pool: PoolRead
    progress: ProgressRead

    @classmethod
    def of(cls, plan: Plan, rules: Mapping[str, Rule], progress: Progress) -> Self:
        shown = plan.model_dump(include=set(cls.model_fields))
        return cls(
            **shown, template=plan.template_code, pool=PoolRead.of(rules, plan.message_class),
            progress=ProgressRead.model_validate(progress),
        )  # fmt: skip


class Plans(BaseModel):
    """Some plans."""

    items: list[PlanRead]


class CoverageRead(BaseModel):
    """Of the customers who agreed to the class, who had at least one of it this month and who had none."""

    agreed: int
    reached: int
    uncovered: int

    @classmethod
    def of(cls, coverage: Coverage) -> Self:
        return cls(agreed=coverage.agreed, reached=coverage.reached, uncovered=coverage.uncovered)


class HallMonthRead(BaseModel):
    """What a hall planned for the month and whom it reached, by class."""

    hall: str
    name: str
    month: str
    coverage: dict[str, CoverageRead]
    plans: list[PlanRead]

    @classmethod
    def of(cls, hall: Hall, month: str, coverage: Mapping[str, Coverage], plans: Sequence[PlanRead]) -> Self:
        return cls(
            hall=hall.code, name=hall.full_name, month=month,
            coverage={name: CoverageRead.of(each) for name, each in coverage.items()}, plans=list(plans),
        )  # fmt: skip
