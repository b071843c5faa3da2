"""Every query of tiers: rule versions, the next customers of a run, ratings, and customers counted by what they are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from services.customer.archive.models import Customer
from services.customer.tiers.errors import TierRuleNotFound, TierRunNotFound, TierUnknown
from services.customer.tiers.models import TierRating, TierRule, TierRun, TierStrategy
from services.customer.tiers.rules import Standing, Traits
from shared.database import insert_new, insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer whom a run comes to, with what was said of them last."""

    customer_id: UUID
    hall: str
    county: str
    clerk: str
    traits: Traits
    before: Standing | None
    rated_in: str | None
    inputs_before: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Alike:
    """How many customers share traits and standing."""

    traits: Traits
    before: Standing | None
    after: Standing | None
    rule_version: int | None
    count: int


async def rules_page(session: AsyncSession, page: PageRequest) -> Page[Any]:
    """Newest first."""
    return await paginate(session, select(TierRule), [(col(TierRule.version), "desc")], page)


async def get_rule(session: AsyncSession, version: int, *, lock: bool = False) -> TierRule:
    query = select(TierRule).where(TierRule.version == version)
    rule = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if rule is None:
        raise TierRuleNotFound
    return rule


async def rule_on(session: AsyncSession, day: date) -> TierRule:
    """The version in force on a day: of those that count by then the one published for the latest day."""
    query = select(TierRule).where(col(TierRule.effective_from) <= day)
    newest = query.order_by(col(TierRule.effective_from).desc(), col(TierRule.version).desc()).limit(1)
    rule = (await session.scalars(newest)).one_or_none()
    if rule is None:
        raise TierRuleNotFound
    return rule


async def add_next_version(session: AsyncSession, facts: Mapping[str, Any]) -> TierRule:
    """The number is decided by the primary key: two drafts at the same moment get two numbers."""
    while True:
        newest = (await session.execute(sa.select(sa.func.max(col(TierRule.version))))).scalar_one()
        draft = TierRule(version=(newest or 0) + 1, **facts)
        if await insert_new(session, TierRule, [draft], key=["version"]):
            return draft


async def strategies(session: AsyncSession) -> dict[str, TierStrategy]:
    rows = (await session.scalars(select(TierStrategy).order_by(col(TierStrategy.tier)))).all()
    return {row.tier: row for row in rows}


async def get_strategy(session: AsyncSession, tier: str, *, lock: bool = False) -> TierStrategy:
    query = select(TierStrategy).where(TierStrategy.tier == tier)
    strategy = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if strategy is None:
        raise TierUnknown
    return strategy


async def add_run(session: AsyncSession, run: TierRun) -> bool:
    """False when this occasion has had its run."""
    return bool(await insert_new(session, TierRun, [run], key=["occasion"]))


async def has_run(session: AsyncSession, occasion: str) -> bool:
    query = select(TierRun.id).where(TierRun.occasion == occasion)
    return (await session.scalars(query)).one_or_none() is not None


async def open_run(session: AsyncSession) -> TierRun | None:
    """The oldest unfinished run, unless another worker is at it."""
    query = select(TierRun).where(col(TierRun.finished_at).is_(None)).order_by(col(TierRun.id)).limit(1)
    return (await session.scalars(query.with_for_update(skip_locked=True))).one_or_none()


async def get_run(session: AsyncSession, month: str) -> TierRun:
    run = (await session.scalars(select(TierRun).where(TierRun.occasion == month))).one_or_none()
    if run is None:
        raise TierRunNotFound
    return run


async def runs_page(session: AsyncSession, page: PageRequest) -> Page[Any]:
    """Newest first."""
    return await paginate(session, select(TierRun), [(col(TierRun.id), "desc")], page)


async def candidates_of(session: AsyncSession, run: TierRun, limit: int) -> list[Candidate]:
    """The next customers of a run in the order of their ids, locked, in one query.

    Both tables are read from the cursor on, so that the last chunk costs what the first does.
    """
    latest = sa.and_(_is_latest(TierRating, col(Customer.id)), col(TierRating.customer_id) > run.cursor)
    query = (
        sa.select(*_KNOWN)
        .select_from(Customer)
        .outerjoin(TierRating, latest)
        .where(col(Customer.status) == "active", col(Customer.id) > run.cursor)
        .order_by(col(Customer.id))
        .limit(limit)
        .with_for_update(of=Customer)
    )
    if run.newcomers_only:
        query = query.where(col(TierRating.customer_id).is_(None))
    return [_candidate(row) for row in await session.execute(query)]


_KNOWN = (
    col(Customer.id), col(Customer.hall), col(Customer.county), col(Customer.clerk), col(Customer.brand),
    col(Customer.age_band), col(Customer.spend_band), col(Customer.habits), col(Customer.preferences),
    col(TierRating.tier), col(TierRating.months_below), col(TierRating.month), col(TierRating.inputs),
)  # fmt: skip


def _candidate(row: Any) -> Candidate:
    traits = Traits(row.brand, row.age_band, row.spend_band, _sorted(row.habits), _sorted(row.preferences))
    return Candidate(
        row.id, row.hall, row.county, row.clerk, traits, _standing(row.tier, row.months_below), row.month, row.inputs
    )  # fmt: skip


async def add_ratings(session: AsyncSession, ratings: Iterable[TierRating]) -> None:
    await insert_rows(session, TierRating, ratings)


async def ratings_page(session: AsyncSession, customer_id: UUID, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(TierRating).where(TierRating.customer_id == customer_id)
    return await paginate(session, query, [(col(TierRating.month), "desc")], page)


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """What tiers keep of a person, for that person."""
    query = select(TierRating).where(TierRating.customer_id == customer_id).order_by(col(TierRating.month))
    return {"tier_ratings": [row.model_dump(mode="json") for row in await session.scalars(query)]}


async def alike_now(session: AsyncSession, area: Area) -> list[Alike]:
    """The active customers of an area by what the rule looks at: few rows, however many customers."""
    kinds: tuple[Any, ...] = (
        *_TRAITS,
        col(TierRating.tier).label("tier"),
        col(TierRating.months_below).label("months_below"),
    )
    query = (
        sa.select(*kinds, sa.func.count().label("n"))
        .select_from(Customer)
        .outerjoin(TierRating, _is_latest(TierRating, col(Customer.id)))
        .where(col(Customer.status) == "active", area.clause(col(Customer.hall), col(Customer.county)))
        .group_by(*kinds)
    )
    return [
        Alike(
            Traits(row.brand, row.age_band, row.spend_band, _sorted(row.habits), _sorted(row.preferences)),
            _standing(row.tier, row.months_below), None, None, row.n,
        )
        for row in await session.execute(query)
    ]  # fmt: skip


_TRAITS = (
    col(Customer.brand),
    col(Customer.age_band),
    col(Customer.spend_band),
    col(Customer.habits),
    col(Customer.preferences),
)


async def alike_in(session: AsyncSession, run: TierRun, area: Area) -> list[Alike]:
    """What was said in a month, by the inputs kept then and the standing before; `rule_version` where a row has one.

    Who has no row of that month was rated as before, unless they had left by then.
    """
    said, prior = aliased(TierRating), aliased(TierRating)
    in_month = col(said.month) == run.month
    own = sa.case((in_month, said.rule_version), else_=None)
    kinds: tuple[Any, ...] = (said.inputs, said.tier, said.months_below, prior.tier, prior.months_below, own)
    rated = sa.or_(in_month, col(Customer.status) == "active")
    query = (
        sa.select(*(kind.label(f"k{n}") for n, kind in enumerate(kinds)), sa.func.count().label("n"))
        .select_from(said)
        .join(Customer, col(Customer.id) == said.customer_id)
        .outerjoin(prior, _is_latest(prior, said.customer_id, before=run.month))
        .where(_is_latest(said, said.customer_id, until=run.month), rated)
        .where(area.clause(said.hall, said.county))
        .group_by(*(sa.text(f"k{n}") for n in range(len(kinds))))
    )
    return [
        Alike(Traits.of(row.k0), _standing(row.k3, row.k4), Standing(row.k1, row.k2), row.k5, row.n)
        for row in await session.execute(query)
    ]


def _is_latest(
    rating: Any, customer: Any, *, before: str | None = None, until: str | None = None
) -> sa.ColumnElement[bool]:
    """That `rating` is the customer's newest, or the newest before or until a month."""
    other = aliased(TierRating)
    newest = sa.select(sa.func.max(col(other.month))).where(col(other.customer_id) == customer)
    if before is not None:
        newest = newest.where(col(other.month) < before)
    if until is not None:
        newest = newest.where(col(other.month) <= until)
    return sa.and_(rating.customer_id == customer, rating.month == newest.scalar_subquery())


def _standing(tier: str | None, months_below: int | None) -> Standing | None:
    return None if tier is None else Standing(tier, months_below or 0)


def _sorted(codes: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(codes))
