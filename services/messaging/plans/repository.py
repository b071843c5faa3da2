"""Queries of plans, and the statements that lay a plan out and count it: one each, however many customers."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.audience.models import ACTIVE, Consent, Customer, Hall
from services.messaging.messages.models import Message
from services.messaging.plans import rules
from services.messaging.plans.errors import PlanNotFound
from services.messaging.plans.models import Plan, PlanEntry
from services.messaging.plans.rules import APPROVED, Coverage, Progress
from services.messaging.suppression import repository as suppression
from services.messaging.suppression.rules import PURPOSE_OF
from shared.database import insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

OCCASION = ("hall", "message_class", "occasion")
SENT = ("accepted", "delivered")


async def add_plans(session: AsyncSession, plans: Sequence[Plan]) -> list[Plan]:
    """Those whose hall had none for the occasion."""
    new = await insert_new(session, Plan, plans, key=OCCASION)
    return [plan for plan in plans if tuple(getattr(plan, name) for name in OCCASION) in new]


async def get_plan(session: AsyncSession, plan_id: UUID, area: Area, *, lock: bool = False) -> Plan:
    """Raises PlanNotFound, also for what lies outside the area."""
    query = select(Plan).where(Plan.id == plan_id, area.clause(col(Plan.hall), col(Plan.county)))
    query = query.with_for_update() if lock else query
    plan = (await session.scalars(query)).one_or_none()
    if plan is None:
        raise PlanNotFound
    return plan


async def plans_of(session: AsyncSession, halls: Iterable[str], month: str) -> Sequence[Plan]:
    query = select(Plan).where(Plan.month == month, col(Plan.hall).in_(set(halls)))
    return (await session.scalars(query.order_by(col(Plan.hall), col(Plan.occasion)))).all()


async def drafts_of(session: AsyncSession, month: str, area: Area) -> Sequence[Plan]:
    """Drafts of the month inside the area, held for this transaction."""
    within = area.clause(col(Plan.hall), col(Plan.county))
    query = select(Plan).where(Plan.month == month, Plan.status == rules.DRAFT, within)
    return (await session.scalars(query.order_by(col(Plan.id)).with_for_update())).all()


async def halls_within(
    session: AsyncSession, area: Area, codes: Iterable[str] | None = None
) -> Sequence[Hall]:
    query = select(Hall).where(area.clause(col(Hall.code), col(Hall.county)))
    if codes is not None:
        query = query.where(col(Hall.code).in_(set(codes)))
    return (await session.scalars(query.order_by(col(Hall.code)))).all()


async def halls_page(session: AsyncSession, area: Area, page: PageRequest, hall: str | None) -> Page[Any]:
    query = select(Hall).where(area.clause(col(Hall.code), col(Hall.county)))
    if hall is not None:
        query = query.where(Hall.code == hall)
    return await paginate(session, query, [(col(Hall.code), "asc")], page)


async def next_to_lay_out(session: AsyncSession, today: date, before: datetime, limit: int) -> Sequence[Plan]:
    """Approved plans of one occasion whose time is near and that were not looked after since `before`.

    Held for this transaction; none that another process works on.
    """
    waits = sa.and_(
        col(Plan.status) == APPROVED, col(Plan.opens_on) <= today, col(Plan.closes_on) >= today,
        sa.or_(col(Plan.laid_out_at).is_(None), col(Plan.laid_out_at) < before),
    )  # fmt: skip
    first = select(Plan).where(waits).order_by(col(Plan.closes_on), col(Plan.id)).limit(1)
    one = (await session.scalars(first)).one_or_none()
    if one is None:
        return []
    same = select(Plan).where(waits, Plan.message_class == one.message_class, Plan.occasion == one.occasion)
    held = same.order_by(col(Plan.id)).limit(limit).with_for_update(skip_locked=True)
    return (await session.scalars(held.execution_options(populate_existing=True))).all()


async def lay_out(
    session: AsyncSession, plans: Sequence[Plan], days: Sequence[date], since: datetime | None
) -> int:
    """Give every customer of the plans' halls who may be written to a day, in one statement; how many were new.

    The plans are of one occasion. With `since` only those who were archived or agreed after it. Customers take turns
    in the order of their ids, so that the days are filled evenly and everybody keeps their place from month to month.
    """
    c, k, e, occasion = Customer, Consent, PlanEntry, plans[0].key
    agreed = sa.and_(col(k.customer_id) == col(c.id), col(k.purpose) == PURPOSE_OF[plans[0].message_class])
    number = sa.func.row_number().over(order_by=col(c.id)).label("number")
    gated = (
        sa.select(col(c.id).label("customer_id"), col(Plan.id).label("plan_id"), number)
        .join(Plan, col(Plan.hall) == col(c.hall))
        .join(k, agreed)
        .where(
            col(Plan.id).in_([plan.id for plan in plans]),
            col(c.status) == ACTIVE, col(c.phone_enc).is_not(None), col(k.granted),
            ~suppression.stands_against(col(c.phone_index), agreed_at=col(k.at)),
            ~sa.exists().where(col(e.occasion) == occasion, col(e.customer_id) == col(c.id)),
        )
    )  # fmt: skip
    if since is not None:
        gated = gated.where(sa.or_(col(c.archived_at) >= since, col(k.at) >= since))
    turns = gated.subquery()
    turn = turns.c.number % len(days)
    day = sa.case(*((turn == place, sa.literal(each, sa.Date)) for place, each in enumerate(days)))
    entries = sa.select(sa.literal(occasion, sa.String), turns.c.customer_id, turns.c.plan_id, day)
    insert = sa.insert(e).from_select(["occasion", "customer_id", "plan_id", "day"], entries)
    result: Any = await session.execute(insert)
    return int(result.rowcount)


async def next_due(session: AsyncSession, today: date) -> Plan | None:
    """A plan with somebody whose turn has come."""
    waiting = sa.exists().where(
        col(PlanEntry.plan_id) == col(Plan.id),
        col(PlanEntry.day) <= today,
        col(PlanEntry.turned_at).is_(None),
    )
    lately = col(Plan.closes_on) >= today - rules.LATEST
    query = select(Plan).where(Plan.status == APPROVED, lately, waiting)
    return (await session.scalars(query.order_by(col(Plan.closes_on), col(Plan.id)).limit(1))).one_or_none()


async def due_customers(session: AsyncSession, plan: Plan, today: date, limit: int) -> list[UUID]:
    """The next of the plan whose turn has come, held for this transaction."""
    e = PlanEntry
    query = sa.select(col(e.customer_id)).where(
        col(e.plan_id) == plan.id, col(e.day) <= today, col(e.turned_at).is_(None)
    )
    held = query.order_by(col(e.day), col(e.customer_id)).limit(limit).with_for_update(skip_locked=True)
    return list((await session.scalars(held)).all())


async def mark_turned(session: AsyncSession, plan: Plan, customers: Sequence[UUID], now: datetime) -> None:
    turned = sa.update(PlanEntry).where(
        col(PlanEntry.occasion) == plan.key, col(PlanEntry.customer_id).in_(customers)
    )
    await session.execute(turned.values(turned_at=now))


async def drop_waiting(session: AsyncSession, plan_id: UUID) -> None:
    """Take out whoever has not had their turn."""
    e = PlanEntry
    await session.execute(sa.delete(e).where(col(e.plan_id) == plan_id, col(e.turned_at).is_(None)))


async def drop_before(session: AsyncSession, day: date, limit: int) -> int:
    """Take out entries of plans that closed long ago; their messages keep the plan's id."""
    e = PlanEntry
    old = sa.select(col(Plan.id)).where(col(Plan.closes_on) < day)
    some = sa.select(col(e.occasion), col(e.customer_id)).where(col(e.plan_id).in_(old)).limit(limit)
    key = sa.tuple_(col(e.occasion), col(e.customer_id))
    result: Any = await session.execute(sa.delete(e).where(key.in_(some)))
    return int(result.rowcount)


async def progress_of(session: AsyncSession, plan_ids: Iterable[UUID]) -> dict[UUID, Progress]:
    """Where everybody of these plans is: two statements."""
    ids, e, m = list(plan_ids), PlanEntry, Message
    waiting: Any = (
        sa.select(col(e.plan_id), sa.func.count())
        .where(col(e.plan_id).in_(ids), col(e.turned_at).is_(None))
        .group_by(col(e.plan_id))
    )
    counts: Any = (
        sa.select(col(m.plan_id), col(m.status), col(m.reason), sa.func.count())
        .where(col(m.plan_id).in_(ids))
        .group_by(col(m.plan_id), col(m.status), col(m.reason))
    )
    entries = {row[0]: row[1] for row in await session.execute(waiting)}
    rows: dict[UUID, list[tuple[str, str | None, int]]] = {}
    for id_, status, reason, count in await session.execute(counts):
        rows.setdefault(id_, []).append((status, reason, count))
    return {id_: rules.tally(entries.get(id_, 0), rows.get(id_, ())) for id_ in ids}


async def coverage_of(
    session: AsyncSession, halls: Iterable[str], month: str, message_class: str
) -> dict[str, Coverage]:
    """By hall: active customers who agreed to the class, and those of them who had one of it in the month."""
    c, k, m = Customer, Consent, Message
    had = sa.exists().where(
        col(m.customer_id) == col(c.id), col(m.message_class) == message_class, col(m.cap_month) == month,
        col(m.status).in_(SENT),
    )  # fmt: skip
    reached = sa.func.count().filter(had)
    query: Any = (
        sa.select(col(c.hall), sa.func.count(), reached)
        .join(k, sa.and_(col(k.customer_id) == col(c.id), col(k.purpose) == PURPOSE_OF[message_class]))
        .where(col(c.hall).in_(set(halls)), col(c.status) == ACTIVE, col(k.granted))
        .group_by(col(c.hall))
    )
    return {hall: Coverage(agreed, had_one) for hall, agreed, had_one in await session.execute(query)}


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Nobody who is gone waits for a turn; turns that were given are counted by their messages."""
    e = PlanEntry
    gone = sa.delete(e).where(
        col(e.occasion).in_(_occasions()), col(e.customer_id).in_(ids), col(e.turned_at).is_(None)
    )
    await session.execute(gone)


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """The occasions on which the customer has, or had, a turn."""
    e = PlanEntry
    query = sa.select(col(e.occasion), col(e.day)).where(
        col(e.occasion).in_(_occasions()), col(e.customer_id) == customer_id
    )
    found = (await session.execute(query.order_by(col(e.day), col(e.occasion)))).all()
    return {"planned_messages": [{"occasion": occasion, "day": day} for occasion, day in found]}


def _occasions() -> sa.Select[Any]:
    """The occasions there are, some tens: they lead the entries' key."""
    return sa.select(col(Plan.message_class) + ":" + col(Plan.occasion)).distinct()
