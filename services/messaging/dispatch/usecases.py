"""The database's half of dispatch: claiming, recording, giving up claims. The network's half is in `jobs`."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.dispatch import repository, rules
from services.messaging.dispatch.ports import Receipt, Submitted
from services.messaging.messages import usecases as messages
from services.messaging.messages.models import Message
from services.messaging.messages.rules import Answer
from services.messaging.messages.usecases import Heard
from services.messaging.planning.usecases.recheck import recheck
from shared.database import wake_after_commit

RECONCILE = "reconcile"
KEY_UNKNOWN = "key-unknown"
RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class ClaimMessages:
    """Who claims how many for which gateway, and for how long."""

    gateway: str
    token: UUID
    lease: timedelta
    limit: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """One claimed message and what came of submitting it."""

    message_id: UUID
    attempts: int
    submitted: Submitted
    at: datetime


async def claim_messages(session: AsyncSession, command: ClaimMessages, *, now: datetime) -> list[Message]:
    """Claim what may go now: ready, within the gateway's pace, and still allowed by consent, hours and cap."""
    lane = await repository.locked_lane(session, command.gateway) if command.rate else None
    limit = command.limit
    if lane is not None and command.rate:
        limit = rules.pace(lane.next_free_at, now, command.rate, command.limit).allowed
    ready = await repository.queued_for(session, command.gateway, now, limit) if limit else []
    claimed = await recheck(session, ready, now=now)
    for message in claimed:
        message.claim(command.token, now + command.lease, now=now)
    if lane is not None and command.rate and claimed:
        lane.next_free_at = rules.pace(lane.next_free_at, now, command.rate, len(claimed)).next_free_at
    return claimed


async def fail_over(session: AsyncSession, gateway: str, *, now: datetime, limit: int) -> int:
    """Give what waits for a paused gateway to its second one, where that one is not paused; how many went."""
    waiting = await repository.with_another_way(session, gateway, now, limit)
    for message in waiting:
        message.reroute(now=now)
    if waiting:
        wake_after_commit(session, messages.DISPATCH)
    return len(waiting)


async def record_results(
    session: AsyncSession, gateway: str, token: UUID, results: Sequence[Result], *, now: datetime
) -> None:
    """Record what came of the submissions: outcomes for good, proven failures to connect back into the queue."""
    answers = [heard for result in results for heard in _heard(gateway, result)]
    await messages.record_answers(session, answers, now=now)
    again_at = {r.message_id: now + _wait(r) for r in results if r.submitted.result == "not-sent"}
    if again_at:
        await messages.put_back(session, again_at, token=token, now=now)
    await _note_health(session, gateway, results, now)
    if any(result.submitted.gateway_message_id for result in results):
        wake_after_commit(session, RECEIPTS)
    if any(result.submitted.result == "unknown" for result in results):
        wake_after_commit(session, RECONCILE)


async def put_back_untried(session: AsyncSession, token: UUID, ids: Sequence[UUID], *, now: datetime) -> None:
    """Messages that were claimed and not even tried."""
    await messages.put_back(session, dict.fromkeys(ids, now), token=token, now=now)


async def give_up_claims(session: AsyncSession, *, now: datetime, limit: int) -> bool:
    """A claim whose dispatcher died may have been submitted: unknown, until somebody tells. True for more."""
    lost = await repository.expired_claims(session, now, limit)
    answers = [
        Heard(m.id, m.gateway or "", "lease", Answer("unknown", now, code="dispatcher-lost")) for m in lost
    ]
    await messages.record_answers(session, answers, now=now)
    if lost:
        wake_after_commit(session, RECONCILE)
    return len(lost) == limit


async def settle_unknown(
    session: AsyncSession, gateway: str, found: dict[UUID, Receipt | None], *, now: datetime
) -> None:
    """What the gateway said when asked: its receipt, or that it never got the message, which may then be sent again."""
    still = await repository.still_unknown(session, found)
    answers = [_asked(gateway, id_, found[id_], now) for id_ in sorted(still)]
    await messages.record_answers(session, answers, now=now)
    never = [id_ for id_ in still if found[id_] is None]
    if never:
        await messages.put_back(session, dict.fromkeys(never, now), token=None, now=now)


async def settle_missing(
    session: AsyncSession, gateway: str, found: dict[UUID, Receipt | None], *, now: datetime
) -> None:
    """What the gateway said of messages it took long ago. That it now knows nothing of one undoes nothing."""
    answers = [_asked(gateway, id_, receipt, now) for id_, receipt in sorted(found.items()) if receipt]
    await messages.record_answers(session, answers, now=now)
    await repository.note_asked(session, found, now)


async def _note_health(session: AsyncSession, gateway: str, results: Sequence[Result], now: datetime) -> None:
    """What failed last pauses the gateway for everybody, longer and longer; anything else ends that.

    A gateway that asks for time, or refuses the account, gets the time it asked for. A number whose key is still on
    its way to this process says nothing about the gateway.
    """
    results = [r for r in results if r.submitted.code != KEY_UNKNOWN]
    failing = bool(results) and all(is_failing(r.submitted) for r in results[-rules.FAILURES_BEFORE_PAUSE :])
    asked = max((t for r in results if (t := r.submitted.pause or r.submitted.slow_down)), default=None)
    known = await repository.lane_or_none(session, gateway)
    if not failing and asked is None and (known is None or known.failures == 0):
        return
    lane = await repository.locked_lane(session, gateway)
    lane.failures = lane.failures + 1 if failing else 0
    refused = any(r.submitted.pause for r in results)
    if refused:
        lane.failures = max(lane.failures, rules.FAILURES_BEFORE_PAUSE)
    own = rules.pause(lane.failures, random.random()) if failing else timedelta(0)  # noqa: S311
    lane.paused_until = now + max(own, asked or timedelta(0)) if failing or asked else None


def is_failing(submitted: Submitted) -> bool:
    """Whether the gateway, and not this message, seems to be the trouble."""
    if submitted.result == "not-sent":
        return submitted.retry_after is None and submitted.slow_down is None
    return submitted.result == "unknown"


def _wait(result: Result) -> timedelta:
    asked = result.submitted.retry_after or result.submitted.slow_down
    return asked or rules.back_off(result.attempts, random.random())  # noqa: S311


def _heard(gateway: str, result: Result) -> list[Heard]:
    """One answer about the whole, or one about each part that has an id of its own."""
    s = result.submitted
    answer = Answer(s.result, result.at, code=s.code, failure=s.failure, attempt=result.attempts)
    if not s.parts:
        return [Heard(result.message_id, gateway, "submit", answer, s.gateway_message_id)]
    return [
        Heard(
            result.message_id,
            gateway,
            "submit",
            replace(answer, segment=number, segments=len(s.parts)),
            name or None,
        )
        for number, name in enumerate(s.parts, 1)
    ]


def _asked(gateway: str, message_id: UUID, receipt: Receipt | None, now: datetime) -> Heard:
    if receipt is None:
        return Heard(message_id, gateway, "query", Answer("not-found", now))
    answer = Answer(
        receipt.said, receipt.at, receipt.segment, receipt.segments, receipt.code, receipt.failure
    )
    return Heard(message_id, gateway, "query", answer, receipt.gateway_message_id)
