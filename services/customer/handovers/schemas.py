"""Bodies of hand-overs."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.customer.archive.schemas import StaffNo

Reason = Literal["moved", "left", "leave", "balance", "customer_wish"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class HandoverCreate(_Body):
    """To whom the customers go, and from which day on: today unless said, never in the past."""

    to_clerk: StaffNo
    effective_from: date | None = None
    reason: Reason = "moved"


class ReassignmentCreate(_Body):
    """Who manages the customer from now on; their hall is the customer's from then on."""

    clerk: StaffNo
    reason: Reason = "customer_wish"


class HandoverRead(BaseModel):
    """A hand-over; `customers` and `follow_ups` are what went along once it is done."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    from_clerk: str
    to_clerk: str
    hall: str
    county: str
    effective_from: date
    reason: str
    status: Literal["planned", "done", "refused"]
    customers: int
    follow_ups: int
    created_by: str
    created_at: datetime
    done_at: datetime | None
