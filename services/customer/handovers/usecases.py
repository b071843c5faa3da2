"""Handing customers over: all of a clerk's on a day, or one at once. What is past stays with whoever did it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.archive.models import Customer, CustomerChange, Post
from services.customer.directory import repository as directory
from services.customer.directory.models import Clerk
from services.customer.handovers import repository
from services.customer.handovers.errors import ClerkUnknown, HandoverBackdated, HandoverInvalid, SameClerk
from services.customer.handovers.models import Handover
from services.customer.touches import repository as touches
from shared import clock, ids, outbox
from shared.errors import FieldError
from shared.events.customer import CustomerReassigned
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()


@dataclass(frozen=True, slots=True)
class HandOver:
    """A clerk's customers, as far as the area reaches, go to another from a day on."""

    area: Area
    from_clerk: str
    to_clerk: str
    effective_from: date | None
    reason: str
    by: str


async def hand_over(session: AsyncSession, command: HandOver, *, now: datetime) -> Handover:
    """Planned, and carried out in the same transaction when its day is today.

    Raises ClerkUnknown, HandoverInvalid, HandoverBackdated.
    """
    today = clock.business_date(now)
    day = command.effective_from or today
    await _ensure_theirs(session, command)
    if day < today:
        raise HandoverBackdated
    post = await _post_of(session, command.to_clerk, command.area, day)
    if post is None or command.to_clerk == command.from_clerk:
        detail = "请填写另一位在岗的客户经理的工号。"
        raise HandoverInvalid(errors=[FieldError("/to_clerk", "clerk-unknown", detail)])
    handover = _planned(command, post, day, now)
    session.add(handover)
    if day == today:
        await _carry_out(session, handover, post, now)
    return handover


async def carry_out_handovers(session: AsyncSession, *, now: datetime) -> bool:
    """The next hand-over whose day has come; True while there may be more."""
    handover = await repository.due_on(session, clock.business_date(now))
    if handover is None:
        return False
    post = await _post_of(session, handover.to_clerk, EVERYWHERE, clock.business_date(now))
    if post is None:
        handover.refuse(now=now)
    else:
        await _carry_out(session, handover, post, now)
    return True


@dataclass(frozen=True, slots=True)
class ReassignCustomer:
    """One customer gets another customer manager, in this hall or in another."""

    area: Area
    customer_id: UUID
    to_clerk: str
    reason: str
    by: str


async def reassign_customer(session: AsyncSession, command: ReassignCustomer, *, now: datetime) -> Customer:
    """Raises CustomerNotFound, HandoverInvalid, SameClerk."""
    customer = await archive_records.get_customer(session, command.customer_id, command.area, lock=True)
    day = clock.business_date(now)
    post = await _post_of(session, command.to_clerk, command.area, day)
    if post is None:
        detail = "没有这个工号的在岗客户经理，请核对。"
        raise HandoverInvalid(errors=[FieldError("/clerk", "clerk-unknown", detail)])
    if customer.post == post:
        raise SameClerk
    before = customer.post
    change = customer.reassign(post, by=command.by, now=now)
    await archive_records.add_change(session, change)
    await touches.hand_over(session, [customer.id], {}, post.columns)
    outbox.add(session, _event(customer.id, customer.version, before, post, day, command.reason, None, now))
    return customer


async def _ensure_theirs(session: AsyncSession, command: HandOver) -> None:
    """The clerk is the caller's, or was, and still has customers there."""
    if await directory.clerk_or_none(session, command.from_clerk, command.area) is not None:
        return
    if not await archive_records.posts_of_clerk(session, command.from_clerk, command.area):
        raise ClerkUnknown


async def _post_of(session: AsyncSession, staff_no: str, area: Area, day: date) -> Post | None:
    """Where somebody in post can take customers over; None for those above the halls."""
    clerk: Clerk | None = await directory.clerk_or_none(session, staff_no, area)
    if clerk is None or clerk.hall is None or clerk.county is None or not clerk.is_in_post_on(day):
        return None
    return Post(clerk.hall, clerk.county, clerk.staff_no)


def _planned(command: HandOver, post: Post, day: date, now: datetime) -> Handover:
    return Handover(
        id=ids.uuid7(),
        from_clerk=command.from_clerk,
        to_clerk=command.to_clerk,
        hall=post.hall,
        county=post.county,
        of_hall=command.area.hall,
        of_county=command.area.county,
        effective_from=day,
        reason=command.reason,
        created_by=command.by,
        created_at=now,
    )


async def _carry_out(session: AsyncSession, handover: Handover, post: Post, now: datetime) -> None:
    """One statement for each hall the customers are of, usually one; then the history and the events."""
    customers = follow_ups = 0
    for before in await archive_records.posts_of_clerk(session, handover.from_clerk, handover.scope):
        versions = await archive_records.move_to_post(session, before, post)
        customers += len(versions)
        follow_ups += await touches.hand_over(session, None, before.columns, post.columns)
        await _tell(session, handover, before, post, versions, now)
    handover.carry_out(customers, follow_ups, now=now)


async def _tell(
    session: AsyncSession,
    handover: Handover,
    before: Post,
    post: Post,
    versions: Mapping[UUID, int],
    now: datetime,
) -> None:
    changes = [
        CustomerChange.moved(customer_id, version, before, post, by=handover.created_by, now=now)
        for customer_id, version in versions.items()
    ]
    await archive_records.add_change(session, *changes)
    said = (handover.effective_from, handover.reason, handover.id, now)
    outbox.add(session, *(_event(id_, version, before, post, *said) for id_, version in versions.items()))


def _event(
    customer_id: UUID, version: int, before: Post, post: Post, day: date, reason: str, handover_id: UUID | None,
    now: datetime,
) -> CustomerReassigned:  # fmt: skip
    return CustomerReassigned(
        version=version,
        occurred_at=now,
        customer_id=customer_id,
        **post.columns,
        from_hall=before.hall,
        from_county=before.county,
        from_clerk=before.clerk,
        effective_from=day,
        reason=reason,
        handover_id=handover_id,
    )
