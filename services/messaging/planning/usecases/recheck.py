"""Looking again before a message moves on: consent, opt-out, complaint, deadline, hours, and the month of its slot."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.budget import usecases as budget
from services.messaging.messages import repository as store
from services.messaging.messages import usecases as messages
from services.messaging.messages.models import Message
from services.messaging.planning import repository, rules
from services.messaging.planning.repository import Facts
from services.messaging.planning.usecases.decide import (
    hours_of,
    reason_noting_consent,
    schedule,
    take_slots,
)
from shared import clock
from shared.database import wake_after_commit


async def recheck(session: AsyncSession, waiting: Sequence[Message], *, now: datetime) -> list[Message]:
    """The messages that may be sent now. The others are suppressed, expired or held again, with their reason."""
    if not waiting:
        return []
    facts = await repository.facts_about(session, waiting)
    await _suppress(session, waiting, facts, now)
    late = [m for m in waiting if m.is_waiting and m.deadline is not None and m.deadline <= now]
    await messages.expire(session, late, "deadline-passed", now=now)
    allowed = [m for m in waiting if m.is_waiting and _in_hours(m, facts, now)]
    return await _in_month(session, allowed, facts, now)


async def release_held(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Queue held messages whose hour has come, the earliest deadline first; how many were looked at."""
    due = await store.held_until(session, now, limit)
    for message in await recheck(session, due, now=now):
        message.queue(now=now)
    if due:
        wake_after_commit(session, messages.DISPATCH)
    return len(due)


async def recheck_customers(session: AsyncSession, ids: Sequence[UUID], *, now: datetime) -> None:
    """Act at once on what was just heard about these customers: keep back what may no longer be sent."""
    waiting = await store.waiting_of_customers(session, ids)
    decided = [m for m in waiting if m.status != "planned"]
    if not decided:
        return
    facts = await repository.facts_about(session, decided)
    await _suppress(session, decided, facts, now)


async def _suppress(session: AsyncSession, waiting: Sequence[Message], facts: Facts, now: datetime) -> None:
    refused = [(m, reason) for m in waiting if (reason := reason_noting_consent(m, facts, now))]
    await messages.suppress(session, refused, now=now)


def _in_hours(message: Message, facts: Facts, now: datetime) -> bool:
    """False, and held until the next hour, when now is a quiet one for the message."""
    hours = hours_of(facts.rules.of(message.message_class, now), facts.halls.get(message.hall or ""))
    if rules.is_allowed(now, hours):
        return True
    schedule(message, facts, now)
    message.hold(message.send_at, now=now)
    return False


async def _in_month(
    session: AsyncSession, allowed: list[Message], facts: Facts, now: datetime
) -> list[Message]:
    """A slot counts for the month and the pool in which the message leaves: what waited beyond them changes slots."""
    month, dated = clock.month_of(now), facts.rules.at(now)
    moved = [
        m for m in allowed
        if m.cap_month is not None and (m.cap_month, m.cap_pool) != (month, dated[m.message_class].pool)
    ]  # fmt: skip
    if moved:
        await budget.release_slots(session, [m.id for m in moved])
        for message in moved:
            message.send_at = now
        await take_slots(session, moved, facts, now=now)
    return [m for m in allowed if m.is_waiting]
