"""Bodies of the suppression list's requests and answers. Numbers come in once and are shown masked."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class SuppressionCreate(BaseModel):
    """A customer or a number, and why nothing may be sent there. Opting out is the customer's own doing."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID | None = None
    phone: Annotated[str | None, StringConstraints(max_length=24), Field(repr=False)] = None
    reason: Literal["do-not-contact", "number-dead"] = "do-not-contact"
    note: Why

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.customer_id is None) == (self.phone is None):
            raise ValueError("请填写客户编号或手机号码，二者填一个")
        return self


class SuppressionLift(BaseModel):
    """Why it may be written to again."""

    model_config = ConfigDict(extra="forbid")

    reason: Why


class NumberRuleEntry(BaseModel):
    """After how many failures of a kind in a row a number is kept back, and as what."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    failure: Literal["number-dead", "unreachable", "blacklisted", "limited", "content", "account", "other"]
    failures_in_a_row: Annotated[int, Field(ge=1, le=20)]
    reason: Literal["number-dead", "opted-out"]


class NumberRules(BaseModel):
    """The whole table; each kind at most once."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[NumberRuleEntry], Field(max_length=10)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.failure for each in self.items}) < len(self.items):
            raise ValueError("每种失败只能有一条规则")
        return self


class SuppressionRead(BaseModel):
    """One entry of the list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    reason: str
    phone_masked: str | None
    customer_id: UUID | None
    hall: str | None
    at: datetime
    added_by: str
    note: str | None
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_because: str | None
