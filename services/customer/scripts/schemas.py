"""Bodies of the scripts' requests and answers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.customer.scripts.models import Script
from shared.phones import hide_numbers

Audience = Literal["enquirer", "complainant", "all"]
Moment = Literal[
    "greeting", "leaving_number", "asking_consent", "storing_number", "recommending", "recommending_busy",
    "recommending_idle", "follow_up", "closing",
]  # fmt: skip
State = Literal["in_use", "draft", "approved", "retired", "any"]
Outcome = Literal["accepted", "declined"]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(hide_numbers)
]
Category = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(hide_numbers)
]
StaffNo = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,20}$")]


class Body(BaseModel):
    """A request body: members it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class ScriptCreate(Body):
    """A new script. Placeholders: {hall} {clerk} {customer} {product} {number}."""

    audience: Audience
    moment: Moment
    category: Category = "通用"
    title: Title
    text: Words
    valid_from: date | None = None
    valid_to: date | None = None

    def facts(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class ScriptChange(Body):
    """What may change: the words, category and validity. Audience and moment are what the script is."""

    category: Category | None = None
    title: Title | None = None
    text: Words | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    def changes(self) -> dict[str, Any]:
        """What was said; only `valid_to` may be emptied."""
        said = self.model_dump(exclude_unset=True)
        return {name: value for name, value in said.items() if value is not None or name == "valid_to"}


class Approval(Body):
    """Which version was read and found good."""

    script_version: int = Field(ge=1)


class UseCreate(Body):
    """That the words were said, and what came of it."""

    script_version: int = Field(ge=1)
    customer_id: UUID | None = None
    outcome: Outcome | None = None
    clerk: StaffNo | None = Field(None, description="Who said them, when a machine sends it.")


class VersionRead(BaseModel):
    """One version of a script."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    script_version: int
    audience: str
    moment: str
    category: str
    title: str
    text: str
    state: str
    valid_from: date
    valid_to: date | None
    author: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    retired_at: datetime | None

    @classmethod
    def of(cls, script: Script) -> Self:
        return cls(script_version=script.version, **script.model_dump(exclude={"version", "revision"}))


class ScriptRead(BaseModel):
    """A script with all its versions, newest first."""

    id: UUID
    audience: str
    moment: str
    versions: list[VersionRead]

    @classmethod
    def of(cls, versions: Sequence[Script]) -> Self:
        newest = versions[0]
        read = [VersionRead.of(version) for version in versions]
        return cls(id=newest.id, audience=newest.audience, moment=newest.moment, versions=read)


class UseRead(BaseModel):
    """A use as it was stored."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    script_id: UUID
    script_version: int
    at: datetime
    clerk: str
    customer_id: UUID | None
    outcome: str | None


class StatRead(BaseModel):
    """How often a version was used; acceptance as its two sides, `accepted` of `answered`."""

    script_id: UUID
    script_version: int
    title: str
    audience: str
    moment: str
    state: str
    clerk: str | None
    uses: int
    accepted: int
    answered: int

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            script_id=row.id, script_version=row.version, title=row.title, audience=row.audience,
            moment=row.moment, state=row.state, clerk=getattr(row, "clerk", None), uses=row.uses,
            accepted=row.accepted, answered=row.accepted + row.declined,
        )  # fmt: skip


class StatsRead(BaseModel):
    """Most used first; what nobody used stands at the end."""

    items: list[StatRead]
