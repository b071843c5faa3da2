"""Every query of recommendations. The look at a customer at the counter is hot: few statements, made once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.errors import CustomerNotFound
from services.customer.archive.models import Customer, CustomerOffer, CustomerTicket
from services.customer.archive.repository import forget_offers
from services.customer.consent.models import Consent
from services.customer.directory.models import Hall
from services.customer.products.rules import Offer
from services.customer.recommendations.errors import (
    OpportunityNotFound,
    RecommendationNotFound,
    ShownMeanwhile,
)
from services.customer.recommendations.models import (
    RATING,
    STATUS,
    Opportunity,
    Recommendation,
    RecommendationOutcome,
    RecommendationPolicy,
)
from services.customer.recommendations.rules import Issue, Policy, Standing, Withheld
from services.customer.scripts import repository as scripts
from services.customer.scripts.models import Script
from shared import last_writes
from shared.database import insert_new, upsert, values_of
from shared.last_writes import Guard
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

By = Literal["product", "script", "clerk", "hour"]

EVERYWHERE = Area.everything()
POLICIES_ARE_READ_AGAIN_AFTER = SCRIPTS_ARE_READ_AGAIN_AFTER = 5.0
_scripts: WeakKeyDictionary[sa.Engine, dict[tuple[str, str], tuple[float, Script | None]]] = (
    WeakKeyDictionary()
)
_policies: WeakKeyDictionary[sa.Engine, tuple[float, date, Policy]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown, and the customer's answer if there is one."""

    recommendation: Recommendation
    outcome: RecommendationOutcome | None


@dataclass(frozen=True, slots=True)
class AtTheCounter:
    """A customer with the hall's busy days, their tickets, and what they were shown today, in the order shown.

    How things stand with products comes along for those who were shown nothing today; for others it is None.
    """

    customer: Any
    issues: Sequence[Issue]
    shown: Sequence[Shown]
    standings: Sequence[Standing] | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A settled contact in line, with whose it is."""

    opportunity: Opportunity
    customer: Customer


@dataclass(frozen=True, slots=True)
class Look:
    """What the clerk sees: what was shown today already, what is new, and why there may be nothing."""

    customer: Any
    day: date
    policy: Policy
    hall_busy: bool
    withheld: Withheld | None
    issue: Issue | None
    shown: Sequence[Shown]
    new: Sequence[Recommendation]
    offers: Mapping[str, Offer]
    script: Script | None

    def everything(self) -> list[Shown]:
        """What stands before the customer, in order."""
        together = [*self.shown, *(Shown(recommendation, None) for recommendation in self.new)]
        return sorted(together, key=lambda one: one.recommendation.rank)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How recommendations were answered: the counts, what their keys are called, and why customers declined."""

    by: By
    since: date
    until: date
    hall: str | None
    rows: Sequence[Any]
    names: Mapping[str, str]
    declined_because: Mapping[str, int]


async def policy_on(session: AsyncSession, day: date) -> Policy:
    """The policy in force, as it was at most five seconds ago."""
    engine = session.get_bind().engine
    read_at, of_day, policy = _policies.get(engine, (0.0, None, None))
    if policy is None or of_day != day or time.monotonic() - read_at > POLICIES_ARE_READ_AGAIN_AFTER:
        query = select(RecommendationPolicy).where(col(RecommendationPolicy.effective_from) <= day)
        query = query.order_by(col(RecommendationPolicy.effective_from).desc()).limit(1)
        row = (await session.scalars(query)).one()
        names = (
            "version",
            "max_offers",
            "busy",
            "declined_rest_days",
            "accepted_rest_days",
            "opportunity_days",
        )
        policy = Policy(**{name: getattr(row, name) for name in names})
        _policies[engine] = time.monotonic(), day, policy
    return policy


async def recent_script(session: AsyncSession, audience: str, moment: str) -> Script | None:
    """The words to use, as they were at most five seconds ago."""
    known = _scripts.setdefault(session.get_bind().engine, {})
    read_at, script = known.get((audience, moment), (None, None))
    if read_at is None or time.monotonic() - read_at > SCRIPTS_ARE_READ_AGAIN_AFTER:
        script = await scripts.script_for(session, audience=audience, moment=moment)
        known[audience, moment] = time.monotonic(), script
    return script


async def policies_page(session: AsyncSession, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(RecommendationPolicy)
    return await paginate(session, query, [(col(RecommendationPolicy.version), "desc")], page)


async def add_policy(session: AsyncSession, policy: RecommendationPolicy) -> bool:
    """Numbered after the last one; False when its day has one already."""
    newest = await session.scalar(sa.select(sa.func.max(col(RecommendationPolicy.version))))
    policy.version = (newest or 0) + 1
    _policies.clear()
    return bool(await insert_new(session, RecommendationPolicy, [policy], key=["effective_from"]))


async def at_the_counter(session: AsyncSession, customer_id: UUID, area: Area, day: date) -> AtTheCounter:
    """The customer and all that decides what may be offered, in one statement. Raises CustomerNotFound."""
    asked = {"customer": customer_id, "day": day}
    rows = (await session.execute(_counter_query(area), asked)).all()
    if not rows:
        raise CustomerNotFound
    shown = {one.id: Shown(one, row.RecommendationOutcome) for row in rows if (one := row.Recommendation)}
    issues = {
        row.ticket_id: Issue(row.ticket_id, row.kind, row.ticket, row.settled_at, bool(row.well))
        for row in rows
        if row.ticket_id
    }
    in_order = sorted(shown.values(), key=lambda one: one.recommendation.rank)
    standings = {row.spoken_of: Standing(row.spoken_of, row.stands, row.since) for row in rows if row.stands}
    return AtTheCounter(rows[0], list(issues.values()), in_order, None if shown else list(standings.values()))


async def standings_of(session: AsyncSession, customer_id: UUID) -> list[Standing]:
    """How things stand with each product."""
    rows = await session.execute(_STANDINGS, {"customer": customer_id})
    return [Standing(row[0], row[1], row[2]) for row in rows]


def show(session: AsyncSession, recommendations: Sequence[Recommendation]) -> None:
    """Insert with the transaction's last statement; ShownMeanwhile there when somebody was first."""
    rows = [values_of(recommendation) for recommendation in recommendations]
    last_writes.add(session, Recommendation, rows, Guard("ON CONFLICT DO NOTHING", ShownMeanwhile()))


async def get_recommendation(
    session: AsyncSession, recommendation_id: UUID, area: Area = EVERYWHERE
) -> Recommendation:
    within = area.clause(col(Recommendation.hall), col(Recommendation.county))
    query = select(Recommendation).where(Recommendation.id == recommendation_id, within)
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise RecommendationNotFound
    return found


async def get_shown(session: AsyncSession, recommendation_id: UUID, area: Area) -> Shown:
    found = await get_recommendation(session, recommendation_id, area)
    return Shown(found, await outcome_or_none(session, found.id))


async def outcome_or_none(session: AsyncSession, recommendation_id: UUID) -> RecommendationOutcome | None:
    query = select(RecommendationOutcome).where(RecommendationOutcome.recommendation_id == recommendation_id)
    return (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def add_outcome(session: AsyncSession, outcome: RecommendationOutcome) -> bool:
    """False when the recommendation has an outcome already."""
    return bool(await insert_new(session, RecommendationOutcome, [outcome], key=["recommendation_id"]))


async def activate_accepted(session: AsyncSession, outcome: RecommendationOutcome) -> bool:
    """What the customer accepted is open now; False when that was not so, or is said already."""
    mine = sa.and_(
        col(RecommendationOutcome.recommendation_id) == outcome.recommendation_id,
        col(RecommendationOutcome.outcome) == "accepted",
    )
    names = ("outcome", "answered_at", "answered_by", "activation_id")
    change = sa.update(RecommendationOutcome).where(mine).values({n: getattr(outcome, n) for n in names})
    return bool((await session.execute(change)).rowcount)  # type: ignore[attr-defined]


async def newest_unfinished(
    session: AsyncSession, customer_id: UUID, product: str, since: date
) -> Recommendation | None:
    """The last time the product was shown and neither declined nor opened."""
    query = (
        select(Recommendation)
        .outerjoin(
            RecommendationOutcome, col(RecommendationOutcome.recommendation_id) == col(Recommendation.id)
        )
        .where(
            Recommendation.customer_id == customer_id,
            Recommendation.product == product,
            col(Recommendation.day) >= since,
            sa.func.coalesce(col(RecommendationOutcome.outcome), "accepted") == "accepted",
        )
        .order_by(col(Recommendation.day).desc())
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()


async def recommendations_page(
    session: AsyncSession, area: Area, page: PageRequest, *, customer_id: UUID | None, product: str | None
) -> Page[Shown]:
    """Newest first, each with its outcome."""
    query = select(Recommendation).where(area.clause(col(Recommendation.hall), col(Recommendation.county)))
    if customer_id is not None:
        query = query.where(Recommendation.customer_id == customer_id)
    if product is not None:
        query = query.where(Recommendation.product == product)
    found: Page[Any] = await paginate(session, query, [(col(Recommendation.id), "desc")], page)
    outcomes = await _outcomes_of(session, [recommendation.id for recommendation in found.items])
    return found.map(lambda recommendation: Shown(recommendation, outcomes.get(recommendation.id)))


async def put_status(session: AsyncSession, opportunity: Opportunity) -> None:
    """Keep the newest status, whatever the order in which it is heard."""
    await _put(session, opportunity, STATUS, newer_by="version")


async def put_rating(session: AsyncSession, opportunity: Opportunity) -> None:
    await _put(session, opportunity, RATING, newer_by="rated_version")


async def opportunities_page(
    session: AsyncSession, area: Area, page: PageRequest, *, since: datetime, clerk: str | None = None
) -> Page[Waiting]:
    """Settled well and taken by nobody yet, the latest first."""
    query = _waiting(area).where(
        col(Opportunity.taken_at).is_(None), col(Opportunity.settled_at) >= since, Opportunity.state == "settled",
        Opportunity.good, col(Opportunity.rated_cycle) == col(Opportunity.cycle),
    )  # fmt: skip
    if clerk is not None:
        query = query.where(Customer.clerk == clerk)
    order: Any = [(col(Opportunity.settled_at), "desc"), (col(Opportunity.ticket_id), "desc")]
    found: Page[Any] = await paginate(session, query, order, page)
    customers = await _customers(session, [opportunity.customer_id for opportunity in found.items])
    return found.map(lambda opportunity: Waiting(opportunity, customers[opportunity.customer_id]))


async def get_waiting(session: AsyncSession, ticket_id: UUID, area: Area) -> Waiting:
    """An opportunity, taken or not. Raises OpportunityNotFound."""
    query = _waiting(area).where(Opportunity.ticket_id == ticket_id, Opportunity.state == "settled")
    found = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if found is None:
        raise OpportunityNotFound
    return Waiting(found, (await _customers(session, [found.customer_id]))[found.customer_id])


async def take(session: AsyncSession, ticket_id: UUID, *, by: str, now: datetime) -> bool:
    """Whether it was free until now: of two who take it at the same moment one does."""
    free = sa.and_(col(Opportunity.ticket_id) == ticket_id, col(Opportunity.taken_at).is_(None))
    change = sa.update(Opportunity).where(free).values(taken_at=now, taken_by=by)
    return bool((await session.execute(change)).rowcount)  # type: ignore[attr-defined]


async def counted_by(
    session: AsyncSession, area: Area, by: By, *, since: date, until: date, hall: str | None
) -> Sequence[Any]:
    """Shown, accepted, declined and activated recommendations for each value of `by`."""
    key = _KEYS[by]
    outcome = col(RecommendationOutcome.outcome)
    counts = [_count(outcome == name).label(name) for name in ("accepted", "declined", "activated")]
    query = (
        sa.select(key.label("key"), sa.func.count().label("shown"), *counts)
        .select_from(Recommendation)
        .outerjoin(RecommendationOutcome, _ITS_OUTCOME)
        .where(*_during(area, since, until, hall))
        .group_by(key)
        .order_by(key)
    )
    return (await session.execute(query)).all()


async def declined_because(
    session: AsyncSession, area: Area, *, since: date, until: date, hall: str | None
) -> dict[str, int]:
    """How often each reason was given, the most frequent first."""
    reason, number = sa.func.coalesce(col(RecommendationOutcome.reason), "unsaid"), sa.func.count()
    query = (
        sa.select(reason, number)
        .select_from(Recommendation)
        .join(RecommendationOutcome, _ITS_OUTCOME)
        .where(*_during(area, since, until, hall), col(RecommendationOutcome.outcome) == "declined")
        .group_by(reason)
        .order_by(number.desc(), reason)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """What was shown and answered stays as a count; why it suited them and what they said goes."""
    theirs = sa.select(col(Recommendation.id)).where(col(Recommendation.customer_id).in_(ids))
    answers = sa.update(RecommendationOutcome).where(col(RecommendationOutcome.recommendation_id).in_(theirs))
    await session.execute(answers.values(note=None))
    shown = sa.update(Recommendation).where(col(Recommendation.customer_id).in_(ids))
    await session.execute(shown.values(reasons=[]))
    await session.execute(sa.delete(Opportunity).where(col(Opportunity.customer_id).in_(ids)))
    await forget_offers(session, ids)


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(Recommendation).where(Recommendation.customer_id == customer_id)
    shown = (await session.scalars(query.order_by(col(Recommendation.id)))).all()
    outcomes = await _outcomes_of(session, [recommendation.id for recommendation in shown])
    return {"recommendations": [_told(r, outcomes.get(r.id)) for r in shown]}


def _told(recommendation: Recommendation, outcome: RecommendationOutcome | None) -> dict[str, Any]:
    told = {
        name: getattr(recommendation, name) for name in ("product", "product_title", "shown_at", "reasons")
    }
    answer = (
        {name: getattr(outcome, name) for name in ("outcome", "reason", "note", "answered_at")}
        if outcome
        else {}
    )
    return {**told, **answer}


async def _outcomes_of(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, RecommendationOutcome]:
    query = select(RecommendationOutcome).where(col(RecommendationOutcome.recommendation_id).in_(ids))
    return {outcome.recommendation_id: outcome for outcome in await session.scalars(query)}


async def _customers(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Customer]:
    return {c.id: c for c in await session.scalars(select(Customer).where(col(Customer.id).in_(ids)))}


async def _put(
    session: AsyncSession, opportunity: Opportunity, part: Sequence[str], *, newer_by: str
) -> None:
    await upsert(session, Opportunity, [opportunity], key=["ticket_id"], update=list(part), newer_by=newer_by)


def _waiting(area: Area) -> Any:
    """Opportunities of customers who are still there, wherever they are looked after now."""
    mine = area.clause(col(Customer.hall), col(Customer.county))
    joined = select(Opportunity).join(Customer, col(Customer.id) == col(Opportunity.customer_id))
    return joined.where(mine, Customer.status == "active")


def _during(area: Area, since: date, until: date, hall: str | None) -> list[sa.ColumnElement[bool]]:
    within = [
        area.clause(col(Recommendation.hall), col(Recommendation.county)),
        col(Recommendation.day).between(since, until),
    ]
    return within if hall is None else [*within, col(Recommendation.hall) == hall]


def _count(condition: Any) -> Any:
    return sa.func.count(sa.case((condition, 1)))


_ITS_OUTCOME = col(RecommendationOutcome.recommendation_id) == col(Recommendation.id)
_KEYS: dict[By, Any] = {
    "product": col(Recommendation.product),
    "script": col(Recommendation.script_id),
    "clerk": col(Recommendation.offered_by),
    "hour": col(Recommendation.hour),
}

_TABLES: tuple[Any, ...] = (Customer, Hall, CustomerTicket, CustomerOffer, Consent, Opportunity)
_CUSTOMER, _HALL, _TICKET, _OFFER, _CONSENT, _OPPORTUNITY = (table.__table__ for table in _TABLES)
_PROFILE = (
    "id", "hall", "county", "clerk", "name", "status", "brand", "age_band", "spend_band", "habits", "preferences",
    "tier", "last_contact_at",
)  # fmt: skip

_PLATE = ("registered_name", "number", "busy_from_day", "busy_to_day")


@lru_cache(maxsize=4096)
def _counter_query(area: Area) -> sa.Select[Any]:
    """A row for each recommendation of the day, or each product spoken of if there is none, and each ticket: a few.

    Kept, since the same clerks ask all day and making a statement costs as much as running it.
    """
    last_word = (
        sa.select(_CONSENT.c.decision)
        .where(_CONSENT.c.customer_id == _CUSTOMER.c.id, _CONSENT.c.purpose == "archive")
        .order_by(_CONSENT.c.at.desc(), _CONSENT.c.recorded_at.desc(), _CONSENT.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    of_customer = (*(_CUSTOMER.c[name] for name in _PROFILE), *(_HALL.c[name] for name in _PLATE))
    of_ticket = (
        _TICKET.c.ticket_id,
        _TICKET.c.kind,
        _TICKET.c.status.label("ticket"),
        _OPPORTUNITY.c.settled_at,
    )
    today = sa.and_(
        col(Recommendation.customer_id) == _CUSTOMER.c.id, col(Recommendation.day) == sa.bindparam("day")
    )
    spoken_of = (
        _OFFER.c.product.label("spoken_of"),
        _OFFER.c.outcome.label("stands"),
        _OFFER.c.at.label("since"),
    )
    nothing_yet = sa.and_(_OFFER.c.customer_id == _CUSTOMER.c.id, col(Recommendation.id).is_(None))
    facts = (*of_customer, last_word.label("archive"), *of_ticket, _WELL, *spoken_of)
    return (
        sa.select(*facts, Recommendation, RecommendationOutcome)
        .select_from(_CUSTOMER)
        .join(_HALL, _HALL.c.code == _CUSTOMER.c.hall)
        .outerjoin(_TICKET, _TICKET.c.customer_id == _CUSTOMER.c.id)
        .outerjoin(_OPPORTUNITY, _OPPORTUNITY.c.ticket_id == _TICKET.c.ticket_id)
        .outerjoin(Recommendation, today)
        .outerjoin(_OFFER, nothing_yet)
        .outerjoin(RecommendationOutcome, _ITS_OUTCOME)
        .where(_CUSTOMER.c.id == sa.bindparam("customer"), _CUSTOMER.c.status != "erased")
        .where(area.clause(_CUSTOMER.c.hall, _CUSTOMER.c.county))
    )


_WELL = sa.and_(
    _OPPORTUNITY.c.state == "settled", _OPPORTUNITY.c.good, _OPPORTUNITY.c.rated_cycle == _OPPORTUNITY.c.cycle
).label("well")
_STANDINGS = sa.select(_OFFER.c.product, _OFFER.c.outcome, _OFFER.c.at).where(
    _OFFER.c.customer_id == sa.bindparam("customer")
)
