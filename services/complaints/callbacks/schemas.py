"""Bodies of call-backs."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.complaints.tickets.schemas import Body, Staff, Text


class CallbackCreate(Body):
    """The customer's answer: 1 (bad) to 5 (good)."""

    score: int = Field(ge=1, le=5)
    comment: Text | None = None
    clerk: Staff | None = Field(None, description="Who called, when a machine sends it.")


class CallbackRead(BaseModel):
    """A call-back owed or made."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    ticket_id: UUID
    number: str
    cycle: int
    hall: str
    handler: str | None
    status: str
    created_at: datetime
    done_at: datetime | None
    done_by: str | None
    score: int | None
