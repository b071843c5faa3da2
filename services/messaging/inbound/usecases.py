"""Acting on replies, in the transaction that takes them from the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.audience.models import Customer
from services.messaging.inbound import repository, rules
from services.messaging.inbound.errors import WordsInvalid
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
from shared.errors import FieldError
from shared.phones import hide_numbers
from shared.security.tenancy import Area


async def take_replies(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Take waiting replies and act on each; how many there were."""
    rows = await inbox.waiting(session, INBOUND, limit)
    words = await repository.words(session)
    customers = await audience.active_by_phone(session, {row.payload["index"] for row in rows})
    for row in rows:
        index = row.payload["index"]
        answered = await messages.latest_sent_to(session, index)
        reply = _reply(row, customers.get(index), answered, words, now)
        session.add(reply)
        outbox.add(session, reply.said())
        if reply.kind == "opt_out":
            await _opt_out(session, reply, now)
    await inbox.mark(session, rows, "applied")
    return len(rows)


async def _opt_out(session: AsyncSession, reply: Reply, now: datetime) -> None:
    """From this moment on nothing leaves for the number but what answers it, whoever queued it."""
    agreement = await _agreement(session, reply)
    entry = Suppression(
        phone_index=reply.sender.index, phone_masked=reply.phone_masked, reason=OPTED_OUT, at=reply.received_at,
        inbound_id=reply.id, customer_id=reply.customer_id, hall=reply.hall, county=reply.county,
    )  # fmt: skip
    await suppression.suppress(session, entry)
    waiting = await messages.waiting_of_number(session, reply.sender.index)
    stopped = [(m, "opted-out") for m in waiting if not classes.is_exempt(m.message_class)]
    await message_usecases.suppress(session, stopped, now=now)
    if agreement is not None:
        await acknowledge_opt_out(session, agreement, reply.sender, reply.hall, reply.county, now=now)


async def _agreement(session: AsyncSession, reply: Reply) -> str | None:
    """What this opt-out ends; None when an earlier one has ended it."""
    index, id_ = reply.sender.index, reply.customer_id
    opted_out_at = (await suppression.suppressions_of(session, [index])).get((index, OPTED_OUT))
    words = (await suppression.standings(session, [id_]))[id_].words if id_ else {}
    granted = [(w.at, w.consent_id) for name, w in words.items() if w.granted and name in rules.PURPOSES]
    return rules.agreement(opted_out_at, granted)


@dataclass(frozen=True, slots=True)
class SettleReply:
    """Who settles which reply: as the words of a customer, or put aside with a reason."""

    area: Area
    reply_id: UUID
    by: str


async def match_reply(
    session: AsyncSession, command: SettleReply, customer_id: UUID, *, now: datetime
) -> Reply:
    """The sender is this customer. Raises ReplyNotFound, CustomerNotFound, ReplySettled."""
    reply = await repository.get_reply(session, command.reply_id, command.area)
    customer = await audience.get_customer(session, customer_id, command.area)
    outbox.add(session, reply.match(customer, command.by, now=now))
    return reply


async def put_reply_aside(
    session: AsyncSession, command: SettleReply, reason: str, *, now: datetime
) -> Reply:
    """Raises ReplyNotFound, ReplySettled."""
    reply = await repository.get_reply(session, command.reply_id, command.area)
    reply.put_aside(hide_numbers(reason), command.by, now=now)
    return reply


async def forget_replies(session: AsyncSession, before: datetime, *, limit: int) -> bool:
    """Erase words and numbers of replies that came before then; True when there may be more."""
    old = await repository.kept_before(session, before, limit)
    for reply in old:
        reply.forget()
    return len(old) == limit


async def replace_words(session: AsyncSession, meanings: Mapping[str, str]) -> None:
    """Replace the table; words are folded first. Raises WordsInvalid when the promised word is missing or changed."""
    folded = {rules.fold(word): kind for word, kind in meanings.items()}
    if "" in folded or len(folded) < len(meanings):
        raise WordsInvalid(errors=[FieldError("/items", "word-doubled", "有空词，或有折叠后相同的词。")])
    if folded.get(rules.PROMISED) != "opt_out":
        detail = f"每条营销短信都写着“拒收请回复{rules.PROMISED}”，这个词不能去掉。"
        raise WordsInvalid(errors=[FieldError("/items", "word-promised", detail)])
    await repository.replace_words(session, folded)


def _reply(
    row: GatewayInbox,
    customer: Customer | None,
    answered: Message | None,
    words: Mapping[str, str],
    now: datetime,
) -> Reply:
    p = row.payload
    activation_id = answered.activation_id if answered is not None else None
    return Reply(
        id=ids.uuid7(),
        gateway=row.gateway,
        kind=rules.kind_of(p["text"], words, answers_confirmation=activation_id is not None),
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
