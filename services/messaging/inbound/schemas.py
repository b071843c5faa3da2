"""Bodies of the replies' requests and answers. Numbers are masked."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class ReplyRead(BaseModel):
    """One SMS from a phone and what it was taken for."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Literal["opt_out", "denial", "enquiry"]
    phone_masked: str
    text: str
    customer_id: UUID | None
    hall: str | None
    in_reply_to: UUID | None
    received_at: datetime
    handled_by: str | None
    handled_at: datetime | None
    note: str | None


class ReplyMatch(BaseModel):
    """Whose words they are."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID


class ReplyDismissal(BaseModel):
    """Why nothing follows."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class WordEntry(BaseModel):
    """A whole reply and what it means; width, case, blanks and punctuation do not matter."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    word: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
    kind: Literal["opt_out", "denial"]


class ReplyWords(BaseModel):
    """The whole table."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[WordEntry], Field(min_length=1, max_length=200)]
