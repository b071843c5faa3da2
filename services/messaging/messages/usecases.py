"""Taking over what gateways answer: the one way in which a message that left the house changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.budget import usecases as budget
from services.messaging.messages import repository
from services.messaging.messages.models import Message
from services.messaging.messages.rules import Answer, outcome
from services.messaging.suppression import usecases as suppression
from services.messaging.suppression.usecases import FailedNumber
from shared import outbox
from shared.database import wake_after_commit

FIRST = 1
"""Of a long message the gateway's id is the first part's; the others stand with their answers."""
MOST_OUTCOMES = 20
"""Of one number are looked at for failures in a row."""
DISPATCH = "dispatch"
RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer about one message, where it came from, and the gateway's own id for the message.

    An answer to a submission is about that attempt, however many there were since; any other about the last one.
    """

    message_id: UUID
    gateway: str
    source: Literal["submit", "receipt", "query", "lease"]
    answer: Answer
    gateway_message_id: str | None = None


async def record_answers(session: AsyncSession, heard: Sequence[Heard], *, now: datetime) -> None:
    """Keep the answers and move each message to where all its answers put it; doubles change nothing."""
    messages = {m.id: m for m in await repository.locked(session, [h.message_id for h in heard])}
    rows = [_row(h, messages[h.message_id], now) for h in heard if h.message_id in messages]
    changed = await repository.note_answers(session, rows)
    answers = await repository.answers_by_message(session, changed)
    for h in heard:  # after the queries, so that each message is written once
        if h.gateway_message_id and h.message_id in messages and h.answer.segment <= FIRST:
            messages[h.message_id].gateway_message_id = h.gateway_message_id
    await _settle(session, [messages[id_] for id_ in changed], answers, now)


async def _settle(
    session: AsyncSession, messages: Iterable[Message], answers: dict[UUID, list[Answer]], now: datetime
) -> None:
    unsent, failed = list[UUID](), list[Message]()
    for message in messages:
        result = outcome(answers.get(message.id, ()))
        if result is None and message.put_back(None, at=now, now=now, only_unknown=True):
            wake_after_commit(session, DISPATCH)
        event = message.settle(result, now=now) if result else None
        if event is not None:
            outbox.add(session, event)
        if event is not None and message.status == "failed" and message.failure and message.phone_index:
            failed.append(message)
        if event is not None and result is not None and result.status == "failed" and not result.was_accepted:
            message.decisions = {**message.decisions, "slot_released": "gateway-refused"}
            unsent.append(message.id)
    if unsent:
        await budget.release_slots(session, unsent)
    if failed:
        await _note_failed_numbers(session, failed, now)


async def _note_failed_numbers(session: AsyncSession, failed: Sequence[Message], now: datetime) -> None:
    outcomes = await repository.newest_outcomes(session, {m.phone_index or "" for m in failed}, MOST_OUTCOMES)
    numbers = {
        m.phone_index: FailedNumber(
            m.phone_index, m.phone_masked, m.customer_id, m.hall, m.county, m.failure, m.gateway_code,
            outcomes.get(m.phone_index, ()),
        )
        for m in failed
        if m.phone_index and m.failure
    }  # fmt: skip
    await suppression.note_failures(session, list(numbers.values()), now=now)


async def put_back(
    session: AsyncSession, again_at: Mapping[UUID, datetime], *, token: UUID | None, now: datetime
) -> None:
    """Queue again, each for its moment, what provably never reached a gateway; with a token only that claim's."""
    for message in await repository.locked(session, again_at):
        message.put_back(token, at=again_at[message.id], now=now)
    wake_after_commit(session, DISPATCH)


async def suppress(session: AsyncSession, refused: Iterable[tuple[Message, str]], *, now: datetime) -> None:
    """Keep back, each for its reason, what has not left the house; its slot is free again."""
    kept = []
    for message, reason in refused:
        event = message.suppress(reason, now=now)
        if event is not None:
            outbox.add(session, event)
            kept.append(message.id)
    if kept:
        await budget.release_slots(session, kept)


async def cancel(session: AsyncSession, messages: Iterable[Message], reason: str, *, now: datetime) -> None:
    """Call back what has not left the house; its slot is free again."""
    kept = []
    for message in messages:
        event = message.cancel(reason, now=now)
        if event is not None:
            outbox.add(session, event)
            kept.append(message.id)
    if kept:
        await budget.release_slots(session, kept)


async def park(session: AsyncSession, messages: Iterable[Message], until: datetime, *, now: datetime) -> None:
    """Hold what is decided and has not left the house until then; its slots stay taken."""
    for message in messages:
        if message.status in ("held", "queued"):
            message.hold(until, now=now)
    await session.flush()


async def expire(session: AsyncSession, messages: Iterable[Message], reason: str, *, now: datetime) -> None:
    """End what has not left the house in time; its slot is free again."""
    kept = []
    for message in messages:
        event = message.expire(reason, now=now)
        if event is not None:
            outbox.add(session, event)
            kept.append(message.id)
    if kept:
        await budget.release_slots(session, kept)


async def forget_old_content(session: AsyncSession, before: datetime, *, limit: int) -> bool:
    """Erase content and numbers of what was done with before then, a chunk at a time; True when there may be more."""
    old = await repository.older_than(session, before, limit)
    for message in old:
        message.forget()
    return len(old) == limit


def _row(heard: Heard, message: Message, now: datetime) -> dict[str, Any]:
    a = heard.answer
    return {
        "message_id": heard.message_id,
        "gateway": heard.gateway,
        "attempt": a.attempt or message.attempts,
        "source": heard.source,
        "said": a.said,
        "segment": a.segment,
        "segments": a.segments,
        "code": a.code,
        "failure": a.failure,
        "gateway_message_id": heard.gateway_message_id,
        "at": a.at,
        "submitted_at": message.submitted_at,
        "recorded_at": now,
    }
