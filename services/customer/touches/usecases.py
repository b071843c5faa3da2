"""Logging contacts, doing follow-ups, and what the clock does: opening, escalating and aligning them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.archive.models import Customer
from services.customer.consent import repository as consent_ledger
from services.customer.consent.usecases import CLOCKS_MAY_DIFFER_BY
from services.customer.directory import repository as directory
from services.customer.touches import repository, rules
from services.customer.touches.errors import (
    FollowUpClosed,
    LadderInvalid,
    TouchDoesNotQualify,
    TouchExists,
    TouchInTheFuture,
    TouchInvalid,
    TouchTooEarly,
)
from services.customer.touches.models import (
    Alignment,
    Escalation,
    FollowUp,
    LadderStep,
    Logged,
    Touch,
    TouchKind,
)
from shared import clock, ids, outbox
from shared.errors import FieldError, VersionCheck
from shared.security.tenancy import Area

CHUNK = 1000
ESCALATES_AT_ONCE = 500
ALIGNED_AT_ONCE = 5000
ALIGNS_FROM_HOUR = 4
EVERYWHERE = Area.everything()


@dataclass(frozen=True, slots=True)
class LogTouch:
    """Somebody of the hall had contact with a customer; whoever manages them, when nobody is named."""

    area: Area
    customer_id: UUID
    kind: str
    made_by: str | None
    at: datetime
    recorded_by: str
    note: str | None = None


async def log_touch(session: AsyncSession, command: LogTouch, *, now: datetime) -> Logged:
    """Log a contact; one that qualifies completes the follow-up that is due, or restarts one that is not.

    Raises CustomerNotFound, TouchInTheFuture, TouchInvalid, TouchExists.
    """
    customer = await archive_records.get_customer(session, command.customer_id, command.area, lock=True)
    kind = await _checked(session, command, customer, now)
    follow_up = await _open_follow_up(session, customer) if kind.qualifying else None
    return await _log(session, command, customer, follow_up, kind, now)


@dataclass(frozen=True, slots=True)
class CompleteFollowUp:
    """A follow-up was done, by a contact that is logged with it."""

    area: Area
    follow_up_id: UUID
    kind: str
    made_by: str | None
    at: datetime
    recorded_by: str
    note: str | None = None


async def complete_follow_up(session: AsyncSession, command: CompleteFollowUp, *, now: datetime) -> Logged:
    """Done, whether it was due already or not.

    Raises FollowUpNotFound, FollowUpClosed, TouchDoesNotQualify, TouchTooEarly, and what logging a contact raises.
    """
    found = await repository.get_follow_up(session, command.follow_up_id, command.area)
    customer = await archive_records.get_customer(session, found.customer_id, command.area, lock=True)
    follow_up = await repository.get_follow_up(session, found.id, command.area, lock=True)
    if follow_up.closed_at is not None:
        raise FollowUpClosed
    touch = LogTouch(
        command.area,
        customer.id,
        command.kind,
        command.made_by,
        command.at,
        command.recorded_by,
        command.note,
    )
    kind = await _checked(session, touch, customer, now)
    if not kind.qualifying:
        raise TouchDoesNotQualify
    if command.at < follow_up.since:
        raise TouchTooEarly
    return await _log(session, touch, customer, follow_up, kind, now, done=True)


async def _checked(session: AsyncSession, command: LogTouch, customer: Customer, now: datetime) -> TouchKind:
    if command.at > now + CLOCKS_MAY_DIFFER_BY:
        raise TouchInTheFuture
    kind, wrong = await repository.kind_or_none(session, command.kind), list[FieldError]()
    if kind is None:
        wrong.append(FieldError("/kind", "kind-unknown", "没有这种接触方式，请核对。"))
    place = customer.hall, customer.county, clock.business_date(now)
    if command.made_by and not await directory.is_in_post(session, command.made_by, *place):
        wrong.append(FieldError("/clerk", "clerk-unknown", "没有这个工号的在岗人员，请核对。"))
    if kind is None or wrong:
        raise TouchInvalid(errors=wrong)
    return kind


async def _log(
    session: AsyncSession, command: LogTouch, customer: Customer, follow_up: FollowUp | None, kind: TouchKind,
    now: datetime, *, done: bool = False,
) -> Logged:  # fmt: skip
    counts = follow_up is not None and command.at > follow_up.since
    touch = _touch_of(command, customer, kind, follow_up.id if follow_up and (counts or done) else None, now)
    if existing := await repository.add_touch(session, touch):
        raise TouchExists(existing_id=existing)
    outbox.add(session, touch.logged())
    if kind.qualifying:
        customer.last_contact_at = max(customer.last_contact_at, touch.at)
    if follow_up is None or not (counts or done):
        return Logged(touch, None, follow_up)
    return await _take_up(session, touch, customer, follow_up, done=done)


async def _take_up(
    session: AsyncSession, touch: Touch, customer: Customer, follow_up: FollowUp, *, done: bool
) -> Logged:
    plan = await repository.plan(session)
    if not done and not follow_up.is_done_by(touch):
        follow_up.restart(touch, plan)
        return Logged(touch, None, follow_up)
    outbox.add(session, follow_up.complete(touch))
    await session.flush()  # closed before the next one opens: a customer has one open at a time
    following = FollowUp.open(customer, max(touch.at, follow_up.since), plan)
    await repository.add_follow_ups(session, [following])
    return Logged(touch, follow_up, following)


async def _open_follow_up(session: AsyncSession, customer: Customer) -> FollowUp | None:
    """The open one, locked; opened here where the clock has not come to the customer yet. None for those who left."""
    if customer.status != "active":
        return None
    known = await repository.open_follow_up_of(session, customer.id, lock=True)
    if known is None:
        await _open(session, [customer])
        known = await repository.open_follow_up_of(session, customer.id, lock=True)
    return known


def _touch_of(
    command: LogTouch, customer: Customer, kind: TouchKind, follow_up_id: UUID | None, now: datetime
) -> Touch:
    return Touch(
        id=ids.uuid7(),
        customer_id=customer.id,
        hall=customer.hall,
        county=customer.county,
        clerk=customer.clerk,
        kind=kind.code,
        qualifying=kind.qualifying,
        made_by=command.made_by or customer.clerk,
        at=command.at,
        minute=rules.minute_of(command.at),
        note=command.note,
        follow_up_id=follow_up_id,
        recorded_by=command.recorded_by,
        recorded_at=now,
    )


async def open_follow_ups(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the customers to whom nobody owes a follow-up yet; True while there are more."""
    customers = await repository.customers_not_followed(session, CHUNK)
    await _open(session, [customer for customer in customers if customer.status == "active"])
    for customer in customers:
        customer.followed_since = now
    return len(customers) == CHUNK


async def _open(session: AsyncSession, customers: Sequence[Customer]) -> None:
    """The clock runs from the last contact; for somebody off a sheet from the day they were brought in."""
    if not customers:
        return
    plan = await repository.plan(session)
    imported = await consent_ledger.imported_among(session, [customer.id for customer in customers])
    await repository.add_follow_ups(
        session,
        [FollowUp.open(c, c.recorded_at if c.id in imported else c.last_contact_at, plan) for c in customers],
    )


async def escalate_follow_ups(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of those whose next step is reached: each step is said once. True while there are more."""
    waiting = await repository.overdue_steps(session, clock.business_date(now), ESCALATES_AT_ONCE)
    if not waiting:
        return False
    plan = await repository.plan(session)
    said = {(f.id, plan.ladder[f.steps_taken].step): f.escalate(plan, now=now) for f in waiting}
    rows = [_escalation(f, step, now) for f, (_, step) in zip(waiting, said, strict=True)]
    new = await repository.add_escalations(session, rows)
    outbox.add(session, *(event for reached, event in said.items() if reached in new))
    return True


def _escalation(follow_up: FollowUp, step: str, now: datetime) -> Escalation:
    return Escalation(
        follow_up_id=follow_up.id,
        step=step,
        customer_id=follow_up.customer_id,
        hall=follow_up.hall,
        county=follow_up.county,
        at=now,
    )


async def align_follow_ups(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the night's walk: follow-ups take over their customer's tier and place, and their tier's strategy.

    Those of customers who left are dropped. True while there are more.
    """
    local = now.astimezone(clock.SHANGHAI)
    walk = await repository.begin_alignment(session, local.date()) if local.hour >= ALIGNS_FROM_HOUR else None
    if walk is None:
        return False
    plan = await repository.plan(session)
    until = await repository.chunk_ends_at(session, walk.cursor, ALIGNED_AT_ONCE)
    versions = {tier: version for tier, (_, version) in plan.cadences.items()}
    for follow_up, customer in await repository.astray(session, walk.cursor, until, versions):
        follow_up.align(customer, plan, now=now)
        walk.changed += 1
    _advance(walk, until, now)
    return until is not None


def _advance(walk: Alignment, until: UUID | None, now: datetime) -> None:
    if until is None:
        walk.finished_at = now
    else:
        walk.cursor = until


@dataclass(frozen=True, slots=True)
class ChangeTouchKind:
    """A way of contact is called otherwise, or counts otherwise, from now on."""

    code: str
    label: str
    qualifying: bool


async def change_touch_kind(
    session: AsyncSession, command: ChangeTouchKind, *, unless_stale: VersionCheck
) -> TouchKind:
    """Contacts that are logged keep what they counted. Raises TouchKindNotFound."""
    kind = await repository.get_kind(session, command.code)
    unless_stale(kind.version)
    if (kind.label, kind.qualifying) != (command.label, command.qualifying):
        kind.label, kind.qualifying = command.label, command.qualifying
        kind.version += 1
    return kind


@dataclass(frozen=True, slots=True)
class ChangeLadderStep:
    """A step of the ladder is reached earlier or later from now on."""

    step: str
    days: int


async def change_ladder_step(
    session: AsyncSession, command: ChangeLadderStep, *, unless_stale: VersionCheck
) -> LadderStep:
    """Counts for steps that are planned from now on. Raises LadderStepNotFound, LadderInvalid."""
    step, steps = await repository.locked_ladder(session, command.step)
    unless_stale(step.version)
    days = [command.days if other is step else other.days for other in steps]
    if any(earlier >= later for earlier, later in pairwise(days)):
        raise LadderInvalid
    if step.days != command.days:
        step.days = command.days
        step.version += 1
    return step
