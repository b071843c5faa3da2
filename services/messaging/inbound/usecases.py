"""Acting on replies, in the transaction that takes them from the inbox."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.audience.models import Customer
from services.messaging.inbound import rules
from services.messaging.inbound.models import Reply
from services.messaging.messages import repository as messages
from services.messaging.messages import usecases as message_usecases
from services.messaging.messages.models import Message
from services.messaging.planning.usecases.notify import acknowledge_opt_out
from services.messaging.receipts import repository as inbox
from services.messaging.receipts.models import INBOUND, GatewayInbox
from services.messaging.suppression import repository as suppression
from services.messaging.suppression.models import OPTED_OUT, Suppression
from services.messaging.templates import rules as classes
from shared import ids, outbox


async def take_replies(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Take waiting replies and act on each; how many there were."""
    rows = await inbox.waiting(session, INBOUND, limit)
    customers = await audience.active_by_phone(session, {row.payload["index"] for row in rows})
    for row in rows:
        index = row.payload["index"]
        reply = _reply(row, customers.get(index), await messages.latest_sent_to(session, index), now)
        session.add(reply)
        outbox.add(session, reply.said())
        if reply.kind == "opt_out":
            await _opt_out(session, reply, now)
    await inbox.mark(session, rows, "applied")
    return len(rows)


async def _opt_out(session: AsyncSession, reply: Reply, now: datetime) -> None:
    """From this moment on nothing leaves for the number but what answers it, whoever queued it."""
    entry = Suppression(
        phone_index=reply.sender.index, reason=OPTED_OUT, at=reply.received_at, inbound_id=reply.id
    )
    await suppression.suppress(session, entry)
    waiting = await messages.waiting_of_number(session, reply.sender.index)
    stopped = [(m, "opted-out") for m in waiting if not classes.is_exempt(m.message_class)]
    await message_usecases.suppress(session, stopped, now=now)
    await acknowledge_opt_out(session, reply.id, reply.sender, reply.hall, reply.county, now=now)


def _reply(row: GatewayInbox, customer: Customer | None, answered: Message | None, now: datetime) -> Reply:
    p = row.payload
    activation_id = answered.activation_id if answered is not None else None
    return Reply(
        id=ids.uuid7(),
        gateway=row.gateway,
        kind=rules.kind_of(p["text"], answers_confirmation=activation_id is not None),
        phone_enc=p["enc"],
        phone_index=p["index"],
        phone_masked=p["masked"],
        text=p["text"],
        customer_id=customer.id if customer else None,
        hall=customer.hall if customer else answered.hall if answered else None,
        county=customer.county if customer else answered.county if answered else None,
        clerk=customer.clerk if customer else None,
        in_reply_to=answered.id if answered else None,
        activation_id=activation_id,
        received_at=datetime.fromisoformat(p["at"]),
        recorded_at=now,
    )
