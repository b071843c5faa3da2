"""Every query of touches and follow-ups. Lists and counts read partial indexes that hold open follow-ups only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.models import Customer
from services.customer.tiers import repository as tiers
from services.customer.touches.errors import FollowUpNotFound, LadderStepNotFound, TouchKindNotFound
from services.customer.touches.models import Alignment, Escalation, FollowUp, LadderStep, Touch, TouchKind
from services.customer.touches.rules import Cadence, Plan, State
from shared.database import insert_new, values_of
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of open follow-ups is narrowed to; `within` bounds what is upcoming, in days."""

    states: frozenset[State] = frozenset()
    within: int | None = None
    hall: str | None = None
    clerk: str | None = None
    tier: str | None = None
    customer_id: UUID | None = None
    quiet_days: int | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A follow-up with the customer it is owed to."""

    follow_up: FollowUp
    name: str
    phone_masked: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Open follow-ups by state."""

    upcoming: int
    due: int
    late: int
    overdue: int


async def plan(session: AsyncSession) -> Plan:
    """Cadences and ladder as they are now."""
    found = await tiers.strategies(session)
    cadences = {tier: (Cadence(s.target_days, s.max_days), s.version) for tier, s in found.items()}
    return Plan(cadences, [step.value for step in await ladder(session)])


async def ladder(session: AsyncSession) -> Sequence[LadderStep]:
    """From the first step to the last."""
    return (await session.scalars(select(LadderStep).order_by(col(LadderStep.days)))).all()


async def locked_ladder(session: AsyncSession, step: str) -> tuple[LadderStep, Sequence[LadderStep]]:
    """The step that is asked for, and all of them."""
    query = select(LadderStep).order_by(col(LadderStep.days)).with_for_update()
    steps = (await session.scalars(query)).all()
    wanted = next((found for found in steps if found.step == step), None)
    if wanted is None:
        raise LadderStepNotFound
    return wanted, steps


async def kinds(session: AsyncSession) -> Sequence[TouchKind]:
    return (await session.scalars(select(TouchKind).order_by(col(TouchKind.position)))).all()


async def kind_or_none(session: AsyncSession, code: str) -> TouchKind | None:
    return await session.get(TouchKind, code)


async def get_kind(session: AsyncSession, code: str) -> TouchKind:
    query = select(TouchKind).where(TouchKind.code == code).with_for_update()
    kind = (await session.scalars(query)).one_or_none()
    if kind is None:
        raise TouchKindNotFound
    return kind


async def add_touch(session: AsyncSession, touch: Touch) -> UUID | None:
    """None when it went in, else the id of the same contact that is there already."""
    same = {name: getattr(touch, name) for name in ("customer_id", "kind", "made_by", "minute")}
    if await insert_new(session, Touch, [touch], key=list(same)):
        return None
    return (await session.scalars(select(Touch.id).filter_by(**same))).one()


async def touches_page(session: AsyncSession, customer_id: UUID, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(Touch).where(Touch.customer_id == customer_id)
    return await paginate(session, query, [(col(Touch.at), "desc"), (col(Touch.id), "desc")], page)


async def get_follow_up(
    session: AsyncSession, follow_up_id: UUID, area: Area, *, lock: bool = False
) -> FollowUp:
    query = select(FollowUp).where(FollowUp.id == follow_up_id, _within(area))
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    follow_up = (await session.scalars(query)).one_or_none()
    if follow_up is None:
        raise FollowUpNotFound
    return follow_up


async def open_follow_up_of(
    session: AsyncSession, customer_id: UUID, *, lock: bool = False
) -> FollowUp | None:
    query = select(FollowUp).where(FollowUp.customer_id == customer_id, _IS_OPEN)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def steps_reached(session: AsyncSession, follow_up_id: UUID) -> Sequence[Escalation]:
    query = select(Escalation).where(Escalation.follow_up_id == follow_up_id).order_by(col(Escalation.at))
    return (await session.scalars(query)).all()


async def add_follow_ups(session: AsyncSession, follow_ups: Iterable[FollowUp]) -> None:
    """Those of customers who have an open one already are left out: the unique index decides."""
    rows = [values_of(follow_up) for follow_up in follow_ups]
    if rows:
        await session.execute(_INSERT_WHERE_NONE_IS_OPEN[session.get_bind().dialect.name], rows)


_FOLLOW_UPS: sa.Table = FollowUp.__table__  # type: ignore[attr-defined]
_INSERT_WHERE_NONE_IS_OPEN = {
    "postgresql": postgresql.insert(_FOLLOW_UPS).on_conflict_do_nothing().returning(_FOLLOW_UPS.c.id),
    "sqlite": sqlite.insert(_FOLLOW_UPS).on_conflict_do_nothing().returning(_FOLLOW_UPS.c.id),
}


async def customers_not_followed(session: AsyncSession, limit: int) -> Sequence[Customer]:
    """The next customers nobody owes a follow-up yet, locked; found by an index that holds only them."""
    query = select(Customer).where(col(Customer.followed_since).is_(None)).order_by(col(Customer.id))
    return (await session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def follow_ups_page(
    session: AsyncSession, area: Area, filters: Filters, today: date, page: PageRequest
) -> Page[Any]:
    """Open follow-ups with their customers, longest owed first."""
    found = await paginate(session, _owed(area, filters, today), _BY_DUE_DAY, page)
    return found.map(_owed_from)


async def follow_ups_after(
    session: AsyncSession,
    area: Area,
    filters: Filters,
    today: date,
    after: Owed | None,
    limit: int,
) -> list[Owed]:
    """The same, chunk by chunk, for a file."""
    query = _owed(area, filters, today)
    if after is not None:
        last = (after.follow_up.due_on, after.follow_up.id)
        query = query.where(
            sa.tuple_(col(FollowUp.due_on), col(FollowUp.id)) > sa.tuple_(*map(sa.literal, last))
        )
    rows = await session.execute(query.order_by(col(FollowUp.due_on), col(FollowUp.id)).limit(limit))
    return [_owed_from(row) for row in rows]


async def counts(session: AsyncSession, area: Area, filters: Filters, today: date) -> Counts:
    """By state, whatever states the list shows; from an index alone."""
    due_on, latest_on = col(FollowUp.due_on), col(FollowUp.latest_on)
    in_state = (
        due_on > today,
        due_on == today,
        sa.and_(due_on < today, latest_on >= today),
        latest_on < today,
    )
    query = sa.select(*(sa.func.count().filter(state) for state in in_state)).select_from(FollowUp)
    wanted = [_IS_OPEN, _within(area), *_narrowed_to(filters, today)]
    if filters.within is not None:
        wanted.append(due_on <= today + timedelta(days=filters.within))
    row: Any = (await session.execute(query.where(*wanted))).one()
    return Counts(*row)


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody's or a hall's follow-ups stand; everybody who is managed has one."""

    customers: int
    due: int
    late: int
    overdue: int


async def counts_by(session: AsyncSession, area: Area, by: str, today: date) -> dict[str, Standing]:
    """For each `hall` or `clerk` of the area, by its code; from an index alone."""
    due_on, latest_on, group = col(FollowUp.due_on), col(FollowUp.latest_on), col(getattr(FollowUp, by))
    in_state = (due_on == today, sa.and_(due_on < today, latest_on >= today), latest_on < today)
    counted = (sa.func.count(), *(sa.func.count().filter(state) for state in in_state))
    query = sa.select(group, *counted).where(_IS_OPEN, _within(area)).group_by(group).order_by(group)
    return {row[0]: Standing(*row[1:]) for row in await session.execute(query)}


async def quiet_count(session: AsyncSession, area: Area, filters: Filters, today: date) -> int:
    """Customers nobody has had contact with for `quiet_days`."""
    query = sa.select(sa.func.count()).select_from(FollowUp)
    found: int = (
        await session.execute(query.where(_IS_OPEN, _within(area), *_narrowed_to(filters, today)))
    ).scalar_one()
    return found


async def overdue_steps(session: AsyncSession, today: date, limit: int) -> Sequence[FollowUp]:
    """Follow-ups whose next step of the ladder is reached, locked, the longest waiting first."""
    query = select(FollowUp).where(_IS_OPEN, col(FollowUp.next_step_on) <= today)
    ordered = query.order_by(col(FollowUp.next_step_on), col(FollowUp.id)).limit(limit)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).all()


async def add_escalations(session: AsyncSession, escalations: Sequence[Escalation]) -> set[Any]:
    """The (follow-up, step) pairs that had not been reached before."""
    return await insert_new(session, Escalation, escalations, key=["follow_up_id", "step"])


async def begin_alignment(session: AsyncSession, day: date) -> Alignment | None:
    """The walk of that day, begun if need be and locked; None when it is done or somebody is at it."""
    await insert_new(session, Alignment, [Alignment(day=day, cursor=UUID(int=0))], key=["day"])
    query = select(Alignment).where(Alignment.day == day, col(Alignment.finished_at).is_(None))
    return (await session.scalars(query.with_for_update(skip_locked=True))).one_or_none()


async def chunk_ends_at(session: AsyncSession, cursor: UUID, size: int) -> UUID | None:
    """The customer at the end of the next so many open follow-ups; None when there are fewer."""
    query = select(FollowUp.customer_id).where(_IS_OPEN, col(FollowUp.customer_id) > cursor)
    return (
        await session.scalars(query.order_by(col(FollowUp.customer_id)).offset(size - 1).limit(1))
    ).one_or_none()


async def astray(
    session: AsyncSession, cursor: UUID, until: UUID | None, versions: Mapping[str, int]
) -> list[tuple[FollowUp, Customer]]:
    """Open follow-ups that no longer agree with their customer or their tier's strategy, locked."""
    of_tier = sa.case(*((col(Customer.tier) == tier, version) for tier, version in versions.items()), else_=0)
    differs = sa.or_(
        col(Customer.status) != "active",
        *(
            col(getattr(FollowUp, n)) != col(getattr(Customer, n))
            for n in ("tier", "hall", "county", "clerk")
        ),
        col(FollowUp.strategy_version) != of_tier,
    )
    query = sa.select(FollowUp, Customer).join(Customer, col(Customer.id) == col(FollowUp.customer_id))
    bounded = (col(FollowUp.customer_id), col(Customer.id))  # both, or one of them is read from its beginning
    query = query.where(_IS_OPEN, differs, *(column > cursor for column in bounded))
    if until is not None:
        query = query.where(*(column <= until for column in bounded))
    rows = await session.execute(query.order_by(col(FollowUp.customer_id)).with_for_update(of=FollowUp))
    return [(row[0], row[1]) for row in rows]


async def hand_over(
    session: AsyncSession,
    customer_ids: Sequence[UUID] | None,
    source: Mapping[str, str],
    target: Mapping[str, str],
) -> int:
    """Open follow-ups of these customers, or of everybody `source` has, go to `target`; how many."""
    mine = [col(getattr(FollowUp, name)) == value for name, value in source.items()]
    if customer_ids is not None:
        mine.append(col(FollowUp.customer_id).in_(customer_ids))
    moved = sa.update(FollowUp).where(_IS_OPEN, *mine).values(**target, version=col(FollowUp.version) + 1)
    result: Any = await session.execute(moved.execution_options(synchronize_session=False))
    return int(result.rowcount)


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Notes go, nothing is owed any more; that somebody was contacted stays as a figure."""
    notes = sa.update(Touch).where(col(Touch.customer_id).in_(ids), col(Touch.note).is_not(None))
    await session.execute(notes.values(note=None).execution_options(synchronize_session=False))
    owed = sa.update(FollowUp).where(col(FollowUp.customer_id).in_(ids), _IS_OPEN)
    dropped = owed.values(outcome="dropped", closed_at=sa.func.now(), version=col(FollowUp.version) + 1)
    await session.execute(dropped.execution_options(synchronize_session=False))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """What is kept of a person here, for that person."""
    touches = select(Touch).where(Touch.customer_id == customer_id).order_by(col(Touch.at))
    owed = select(FollowUp).where(FollowUp.customer_id == customer_id).order_by(col(FollowUp.id))
    return {
        "touches": [row.model_dump(mode="json") for row in await session.scalars(touches)],
        "follow_ups": [row.model_dump(mode="json") for row in await session.scalars(owed)],
    }


_IS_OPEN = col(FollowUp.closed_at).is_(None)
_BY_DUE_DAY: Any = [(col(FollowUp.due_on), "asc"), (col(FollowUp.id), "asc")]


def _owed(area: Area, filters: Filters, today: date) -> sa.Select[Any]:
    query: Any = sa.select(FollowUp, col(Customer.name), col(Customer.phone_masked))
    joined = query.join(Customer, col(Customer.id) == col(FollowUp.customer_id))
    wanted = [_IS_OPEN, _within(area), *_narrowed_to(filters, today), col(Customer.status) == "active"]
    if filters.states:
        wanted += _in_states(filters.states, filters.within, today)
    owed: sa.Select[Any] = joined.where(*wanted)
    return owed


def _owed_from(row: Any) -> Owed:
    return Owed(row[0], row[1], row[2])


def _in_states(states: frozenset[State], within: int | None, today: date) -> list[sa.ColumnElement[bool]]:
    """Bounds of `due_on` in every case, so that the index is read only where it can hold some of them."""
    due_on, latest_on = col(FollowUp.due_on), col(FollowUp.latest_on)
    upcoming = [due_on > today, *([due_on <= today + timedelta(days=within)] if within is not None else [])]
    each: dict[State, list[sa.ColumnElement[bool]]] = {
        State.UPCOMING: upcoming,
        State.DUE: [due_on == today],
        State.LATE: [due_on < today, latest_on >= today],
        State.OVERDUE: [due_on < today, latest_on < today],
    }
    if len(states) == 1:
        return each[next(iter(states))]
    until = timedelta(days=within or 0) if State.UPCOMING in states else timedelta(0)
    bounds = [] if State.UPCOMING in states and within is None else [due_on <= today + until]
    bounds += [] if State.OVERDUE in states else [latest_on >= today]
    return [*bounds, sa.or_(*(sa.and_(*each[state]) for state in sorted(states)))]


def _within(area: Area) -> sa.ColumnElement[bool]:
    return area.clause(col(FollowUp.hall), col(FollowUp.county))


def _narrowed_to(filters: Filters, today: date) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = [
        column == value
        for column, value in (
            (col(FollowUp.hall), filters.hall),
            (col(FollowUp.clerk), filters.clerk),
            (col(FollowUp.tier), filters.tier),
            (col(FollowUp.customer_id), filters.customer_id),
        )
        if value is not None
    ]
    if filters.quiet_days is not None:
        wanted.append(col(FollowUp.since_on) <= today - timedelta(days=filters.quiet_days))
    return wanted
