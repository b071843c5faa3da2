"""From intents to messages: one message a business key for ever, decided in the transaction that heard the cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.messages import repository as messages
from services.messaging.messages.models import Message
from services.messaging.planning.usecases.decide import decide
from shared import context, ids
from shared.phones import SealedPhone


@dataclass(frozen=True, slots=True)
class Intent:
    """That somebody should get a message, and why. `(receiver, template, cause, period)` happens once for ever."""

    template: str
    message_class: str
    cause: str
    period: str = "once"
    customer_id: UUID | None = None
    to: SealedPhone | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    hall: str | None = None
    county: str | None = None
    deadline: datetime | None = None
    ticket_id: UUID | None = None
    activation_id: UUID | None = None
    campaign_id: UUID | None = None
    plan_id: UUID | None = None
    secret_enc: str | None = None


async def plan_messages(session: AsyncSession, intents: Sequence[Intent], *, now: datetime) -> list[Message]:
    """Write and decide the intents that are new; the messages that came of them."""
    by = context.actor.get() or "system"
    rows = [_row(intent, by, now) for intent in intents]
    new = await messages.insert_intents(session, rows)
    await decide(session, new, now=now)
    return new


def _row(intent: Intent, by: str, now: datetime) -> dict[str, Any]:
    """A row and not an object: imports plan thousands at once."""
    to = intent.to
    return {
        **Message.BLANK,
        "id": ids.uuid7(),
        "customer_id": intent.customer_id,
        "recipient": str(intent.customer_id) if intent.customer_id else to.index if to else "",
        "hall": intent.hall,
        "county": intent.county,
        "phone_enc": to.enc if to else None,
        "phone_index": to.index if to else None,
        "phone_masked": to.masked if to else None,
        "message_class": intent.message_class,
        "template_code": intent.template,
        "params": dict(intent.params),
        "cause": intent.cause,
        "period": intent.period,
        "ticket_id": intent.ticket_id,
        "activation_id": intent.activation_id,
        "campaign_id": intent.campaign_id,
        "plan_id": intent.plan_id,
        "secret_enc": intent.secret_enc,
        "requested_by": by,
        "send_at": now,
        "due_at": intent.deadline or now,
        "deadline": intent.deadline,
        "created_at": now,
        "updated_at": now,
    }
