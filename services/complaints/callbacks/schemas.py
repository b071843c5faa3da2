"""Bodies of call-backs."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.complaints.callbacks.usecases import CallBack
from services.complaints.tickets.schemas import Body, Staff, Text, acting
from shared.security.tenancy import Caller


class CallbackCreate(Body):
    """The customer's answer: 1 (bad) to 5 (good)."""

    score: int = Field(ge=1, le=5)
    comment: Text | None = None
    clerk: Staff | None = Field(None, description="Who called, when a machine sends it.")

    def to_command(self, ticket_id: UUID, caller: Caller, good_from: int) -> CallBack:
        return CallBack(
            caller.area, acting(caller, self.clerk), ticket_id, self.score, self.comment, good_from
        )


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
