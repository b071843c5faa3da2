"""Bodies of the templates' requests and answers."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.messaging.templates.models import Template
from services.messaging.templates.rules import Preview

MessageClass = Literal["intro", "service", "holiday", "marketing", "notice", "ack", "confirmation"]
TemplateCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,39}$")]
Param = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^【】{}\x00-\x1f]+$")]
Params = Annotated[dict[Annotated[str, StringConstraints(max_length=40)], Param], Field(max_length=20)]


class TemplateCreate(BaseModel):
    """A new template, or the next version of one; it is a draft until somebody else approves it."""

    model_config = ConfigDict(extra="forbid")

    code: TemplateCode
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    message_class: MessageClass = Field(alias="class")
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=670)]


class TemplateRead(BaseModel):
    """The newest version of a template."""

    model_config = ConfigDict(serialize_by_alias=True)

    code: str
    version: int
    title: str
    message_class: str = Field(serialization_alias="class")
    text: str
    params: tuple[str, ...]
    exempt_from_cap: bool
    status: Literal["draft", "approved"]
    author: str
    approver: str | None
    created_at: datetime
    approved_at: datetime | None

    @classmethod
    def of(cls, template: Template, *, exempt: bool) -> Self:
        return cls(
            **template.model_dump(exclude={"message_class"}),
            message_class=template.message_class,
            params=template.params,
            exempt_from_cap=exempt,
            status="approved" if template.approved_at else "draft",
        )


class PreviewRequest(BaseModel):
    """Either a template's code, or words and a class; `params` as far as they are known."""

    model_config = ConfigDict(extra="forbid")

    template: TemplateCode | None = None
    text: Annotated[str | None, StringConstraints(max_length=670)] = None
    message_class: MessageClass = Field("service", alias="class")
    params: Params = {}
    hall: Annotated[str | None, StringConstraints(max_length=16)] = None


class PreviewRead(BaseModel):
    """What a customer would read, and how many messages the carrier bills for it."""

    text: str
    segments: int
    characters: int
    cost: int = Field(description="Messages billed.")

    @classmethod
    def of(cls, preview: Preview) -> Self:
        return cls(
            text=preview.text, segments=preview.segments, characters=preview.characters, cost=preview.segments
        )
