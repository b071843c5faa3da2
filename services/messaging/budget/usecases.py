"""Taking and giving back cap slots, in the transaction that writes the message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.budget import repository, rules
from services.messaging.budget.models import CapSlot
from services.messaging.budget.rules import Free, Refused, Rule, Taken
from shared import clock

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Want:
    """A message that needs a slot of its customer to be sent at that moment."""

    message_id: UUID
    customer_id: UUID
    message_class: str
    send_at: datetime


Granted = dict[UUID, Free | Refused | None]


async def reserve_slots(
    session: AsyncSession, wants: Sequence[Want], class_rules: Mapping[str, Rule], *, now: datetime
) -> Granted:
    """A slot or a refusal for each message; None for classes without a cap.

    The first transaction to lock the customer wins the last slot; within one call the order of `wants` decides.
    The lock keeps the gap true under races; the cap is kept by the slots' primary key even without it.
    """
    capped = [want for want in wants if class_rules[want.message_class].pool is not None]
    answers: Granted = {want.message_id: None for want in wants}
    if capped:
        await audience.lock_customers(session, [want.customer_id for want in capped])
    for _ in range(ATTEMPTS):
        if not capped:
            break
        capped = await _try(session, capped, class_rules, answers, now)
    for want in capped:
        answers[want.message_id] = Refused("cap-reached", clock.month_bounds(clock.month_of(want.send_at))[1])
    return answers


async def _try(
    session: AsyncSession,
    wants: Sequence[Want],
    class_rules: Mapping[str, Rule],
    answers: Granted,
    now: datetime,
) -> list[Want]:
    """Choose among what is free and insert; the wants that lost a race and must choose again."""
    taken = await repository.slots_of(session, {want.customer_id for want in wants})
    slots = []
    for want in wants:
        choice = rules.choose(class_rules[want.message_class], taken[want.customer_id], want.send_at)
        answers[want.message_id] = choice
        if isinstance(choice, Free):
            slots.append(_slot(want, choice, now))
            taken[want.customer_id].append(_taken(slots[-1]))
    won = await repository.take(session, slots)
    lost = {slot.message_id for slot in slots} - won
    return [want for want in wants if want.message_id in lost]


async def release_slots(session: AsyncSession, message_ids: Iterable[UUID]) -> None:
    """Only for messages that provably never left the house."""
    await repository.release(session, message_ids)


def _slot(want: Want, free: Free, now: datetime) -> CapSlot:
    return CapSlot(
        customer_id=want.customer_id, pool=free.pool, month=free.month, slot_no=free.slot_no,
        message_id=want.message_id, message_class=want.message_class,
        day=clock.business_date(want.send_at), taken_at=now,
    )  # fmt: skip


def _taken(slot: CapSlot) -> Taken:
    return Taken(slot.pool, slot.month, slot.slot_no, slot.day, slot.message_class)
