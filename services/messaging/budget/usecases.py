"""Taking and giving back cap slots, in the transaction that writes the message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.budget import repository, rules
from services.messaging.budget.errors import RuleBegun, RuleExists, RuleInvalid
from services.messaging.budget.models import CapSlot, ClassRule
from services.messaging.budget.rules import Free, Refused, Rulebook, Taken
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
Book = Rulebook[ClassRule]
LOOK_BACK = timedelta(days=62)


async def reserve_slots(
    session: AsyncSession, wants: Sequence[Want], book: Book, *, now: datetime
) -> Granted:
    """A slot or a refusal for each message; None for classes without a cap.

    Within one call the classes' rank decides who gets the last slot, then the order of `wants`; between calls the
    first to lock the customer, except for slots held back. Nobody is turned out of a slot once taken.
    The lock keeps the gap true under races; the cap is kept by the slots' primary key even without it.
    """
    answers: Granted = {want.message_id: None for want in wants}
    ranked = sorted(wants, key=lambda want: _rule(book, want).rank)
    capped = [want for want in ranked if _rule(book, want).pool is not None]
    if capped:
        await audience.lock_customers(session, [want.customer_id for want in capped])
    for _ in range(ATTEMPTS):
        if not capped:
            break
        capped = await _try(session, capped, book, answers, now)
    for want in capped:
        answers[want.message_id] = Refused("cap-reached", clock.month_bounds(clock.month_of(want.send_at))[1])
    return answers


async def _try(
    session: AsyncSession,
    wants: Sequence[Want],
    book: Book,
    answers: Granted,
    now: datetime,
) -> list[Want]:
    """Choose among what is free and insert; the wants that lost a race and must choose again."""
    gap = timedelta(days=max(_rule(book, want).min_gap_days for want in wants))
    since = clock.business_date(min(want.send_at for want in wants)) - max(gap, LOOK_BACK)
    taken = await repository.slots_of(session, {want.customer_id for want in wants}, since=since)
    slots = []
    for want in wants:
        dated = book.at(want.send_at)
        choice = rules.choose(dated, want.message_class, taken[want.customer_id], want.send_at)
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


async def add_rule(session: AsyncSession, changes: Mapping[str, Any], *, today: date) -> ClassRule:
    """A setting from a coming day on: what held before with these changes; what holds already stays.

    Raises RuleBegun, RuleExists, RuleInvalid.
    """
    message_class, day = changes["message_class"], changes["effective_from"]
    if day <= today:
        raise RuleBegun
    before = rules.rules_on(await repository.all_rules(session), day)[message_class]
    rule = ClassRule(**{**before.model_dump(), **changes})
    if (rule.pool is None) != (before.pool is None) or rule.held_back > rule.cap:
        raise RuleInvalid
    if not await repository.insert_rule(session, rule):
        raise RuleExists(message_class=rule.message_class, effective_from=rule.effective_from.isoformat())
    return rule


async def withdraw_rule(session: AsyncSession, message_class: str, day: date, *, today: date) -> None:
    """Take back a setting that has not begun. Raises RuleNotFound, RuleBegun."""
    rule = await repository.get_rule(session, message_class, day)
    if rule.effective_from <= today:
        raise RuleBegun
    await session.delete(rule)


def _rule(book: Book, want: Want) -> ClassRule:
    return book.of(want.message_class, want.send_at)


def _slot(want: Want, free: Free, now: datetime) -> CapSlot:
    return CapSlot(
        customer_id=want.customer_id, pool=free.pool, month=free.month, slot_no=free.slot_no,
        message_id=want.message_id, message_class=want.message_class,
        day=clock.business_date(want.send_at), taken_at=now,
    )  # fmt: skip


def _taken(slot: CapSlot) -> Taken:
    return Taken(slot.pool, slot.month, slot.slot_no, slot.day, slot.message_class)
