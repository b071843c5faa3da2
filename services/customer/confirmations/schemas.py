"""Bodies of the codes' API. The code itself comes in once and never goes out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.customer.consent.rules import Purpose
from services.customer.consent.schemas import ConsentRead, Short, WordingVersion

CHANNELS = {"counter": "到厅当面", "hall_phone": "来电"}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeRequest(_Body):
    """What the customer is asked to agree to, after which wording."""

    purposes: Annotated[list[Purpose], Field(min_length=1, max_length=len(Purpose))]
    wording_version: WordingVersion
    clerk: Short | None = None


class CodeRead(BaseModel):
    """That a code is on its way, to which number, and until when it works."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer_id: UUID
    purposes: list[Purpose]
    wording_version: str
    requested_at: datetime
    expires_at: datetime
    attempts_left: int


class CodeConfirmation(_Body):
    """The code as the customer read it aloud."""

    code: Annotated[str, Field(min_length=4, max_length=12)]
    channel: Literal["counter", "hall_phone"] = "counter"
    clerk: Short | None = None


class Confirmed(BaseModel):
    """The ledger's new rows."""

    items: list[ConsentRead]
