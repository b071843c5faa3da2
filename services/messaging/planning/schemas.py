"""Bodies of planning's requests and answers."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.messaging.messages.models import Message
from services.messaging.planning.models import ANY, GatewayRoute
from services.messaging.templates.schemas import MessageClass, Params, TemplateCode


class MessageCreate(BaseModel):
    """A message to one customer. Its class is the template's; there is no way to ask for an exemption."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID
    template: TemplateCode
    params: Params = {}


class CapUse(BaseModel):
    """Whose cap the message uses: the pool says which classes share it."""

    pool: str
    month: str
    slot: int


class MessageAccepted(BaseModel):
    """Where the message stands; `suppressed` with its reason is an answer, not an error."""

    id: UUID
    status: str
    reason: str | None
    send_at: datetime
    segments: int
    cap: CapUse | None
    pool: str | None = Field(
        description="The pool it was about, also when no slot was free; none when exempt."
    )
    pool_shared_with: list[str] = Field(description="Every class that uses this pool.")

    @classmethod
    def of(cls, message: Message) -> Self:
        cap = None
        if message.cap_pool and message.cap_month and message.cap_slot:
            cap = CapUse(pool=message.cap_pool, month=message.cap_month, slot=message.cap_slot)
        return cls(
            id=message.id, status=message.status, reason=message.reason, send_at=message.send_at,
            segments=message.segments, cap=cap, pool=message.decisions.get("cap", {}).get("pool"),
            pool_shared_with=message.decisions.get("cap", {}).get("shared_with", []),
        )  # fmt: skip


GatewayName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,39}$")]


class RouteEntry(BaseModel):
    """One route; `*` stands for any hall or class."""

    model_config = ConfigDict(
        extra="forbid", serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    hall: Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z0-9]{2,16})$")] = ANY
    message_class: MessageClass | Annotated[str, StringConstraints(pattern=r"^\*$")] = Field(
        ANY, alias="class"
    )
    gateway: GatewayName
    fallback: GatewayName | None = Field(
        None, description="Takes over what never left while `gateway` is paused."
    )

    @model_validator(mode="after")
    def _another(self) -> Self:
        if self.fallback == self.gateway:
            raise ValueError("备用网关不能是同一个网关")
        return self


class GatewayRoutes(BaseModel):
    """Which gateway carries what; one entry is for any hall and class."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[RouteEntry], Field(min_length=1, max_length=500)]

    def to_rows(self) -> list[GatewayRoute]:
        return [
            GatewayRoute(hall=r.hall, message_class=r.message_class, gateway=r.gateway, fallback=r.fallback)
            for r in self.items
        ]
