"""What the API shows of gateways: nothing of their accounts."""

from datetime import datetime

from pydantic import BaseModel, Field


class GatewayRead(BaseModel):
    """One gateway as this house uses it."""

    name: str
    kind: str
    can_be_asked: bool = Field(
        description="Whether it answers what became of a message; of one that does not, only receipts tell."
    )
    rate: float | None
    failures: int
    paused_until: datetime | None
    queued: int
    submitting: int
    unknown: int


class Gateways(BaseModel):
    """Every gateway the settings name."""

    items: list[GatewayRead]
