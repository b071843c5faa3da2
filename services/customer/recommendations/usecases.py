"""Looking at a customer and choosing; showing, once a day; taking the answer, once; settled contacts in line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive
from services.customer.archive.rules import CodeTables
from services.customer.directory import repository as directory
from services.customer.directory import rules as hall_days
from services.customer.products import repository as products
from services.customer.products.rules import Situation
from services.customer.recommendations import repository, rules
from services.customer.recommendations.errors import (
    AlreadyAnswered,
    AnotherProduct,
    OpportunityTaken,
    PolicyExists,
)
from services.customer.recommendations.models import (
    Recommendation,
    RecommendationPolicy,
)
from services.customer.recommendations.repository import Acceptance, By, Look, Shown, Waiting
from services.customer.recommendations.rules import Choice, Issue, Policy, Standing, Withheld
from services.customer.scripts import repository as script_library
from services.customer.scripts import rules as script_rules
from services.customer.scripts import usecases as scripts
from services.customer.scripts.models import Script
from services.customer.scripts.usecases import UseScript
from shared import clock, ids, outbox
from shared.database import as_loaded
from shared.pagination import Page, PageRequest
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()
LINKED_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LookAtCustomer:
    """A customer stands at the counter: what may be offered today? `by` is who would offer it, if anybody."""

    area: Area
    customer_id: UUID
    by: str | None


async def look_at_customer(session: AsyncSession, command: LookAtCustomer, *, now: datetime) -> Look:
    """Reads only, with the same few queries for every customer. Raises CustomerNotFound."""
    day = clock.business_date(now)
    found = await repository.at_the_counter(session, command.customer_id, command.area, day)
    customer, issues, shown = found.customer, found.issues, found.shown
    policy = await repository.policy_on(session, day)
    offers = await products.offers(session)
    contact, issue = rules.settled(issues, policy, now)
    busy = hall_days.is_busy(day, customer.busy_from_day, customer.busy_to_day)
    script = await _script(session, issue, busy)
    withheld = _withheld(customer, issues, policy, busy)
    look = Look(customer, day, policy, busy, withheld, issue, shown, (), offers, script)
    if look.withheld is not None:
        return replace(look, shown=())
    if command.by is None or len(shown) >= policy.max_offers:
        return look
    situation = _situation(customer, now, busy, contact)
    standings = found.standings
    if standings is None:
        standings = await repository.standings_of(session, customer.id)
    chosen = _choose(look, situation, standings, await archive.code_tables(session), now)
    return replace(look, new=_recommendations(look, chosen, by=command.by, now=now))


def show(session: AsyncSession, look: Look) -> None:
    """Keep what is new as shown, and say it once. The transaction ends with ShownMeanwhile when somebody was first."""
    repository.show(session, look.new)
    archive.put_offers(session, [r.standing("offered", r.shown_at) for r in look.new])
    outbox.add(session, *(recommendation.offered() for recommendation in look.new))


@dataclass(frozen=True, slots=True)
class AnswerRecommendation:
    """The customer said yes or no."""

    area: Area
    recommendation_id: UUID
    outcome: str
    reason: str | None
    by: str


async def answer_recommendation(
    session: AsyncSession, command: AnswerRecommendation, *, now: datetime
) -> Shown:
    """Raises RecommendationNotFound when nothing was shown, AlreadyAnswered for a second answer."""
    recommendation = await repository.get_recommendation(session, command.recommendation_id, command.area)
    answer, said = recommendation.answer(command.outcome, command.reason, by=command.by, now=now)
    if not await repository.add_outcome(session, answer):
        first = await repository.outcome_or_none(session, recommendation.id)
        raise AlreadyAnswered(outcome=first.outcome if first else None)
    archive.put_offers(session, [recommendation.standing(answer.outcome, now, answer.reason)])
    if recommendation.script_id and recommendation.script_version:
        used = UseScript(
            EVERYWHERE, recommendation.script_id, recommendation.script_version, command.by,
            recommendation.customer_id, command.outcome,
        )  # fmt: skip
        await scripts.use_script(session, used, now=now)
    if recommendation.ticket_id:
        await repository.take(session, recommendation.ticket_id, by=command.by, now=now)
    outbox.add(session, said)
    return Shown(recommendation, answer)


@dataclass(frozen=True, slots=True)
class LinkActivation:
    """A product was opened for a customer: which recommendation does that end?"""

    area: Area
    activation_id: UUID
    customer_id: UUID
    product: str
    by: str
    recommendation_id: UUID | None = None


async def link_activation(session: AsyncSession, command: LinkActivation, *, now: datetime) -> UUID | None:
    """The recommendation that the activation ends, if any: the one named, or the last one not answered otherwise.

    Raises RecommendationNotFound, AnotherProduct and AlreadyAnswered for one that was named.
    """
    recommendation = await _meant(session, command, now)
    if recommendation is None:
        return None
    answer, said = recommendation.answer(
        "activated", None, by=command.by, now=now, activation_id=command.activation_id
    )
    if await repository.add_outcome(session, answer):
        outbox.add(session, said)
    elif await repository.activate_accepted(session, answer):
        outbox.add(session, recommendation.answered(answer, version=3))
    elif command.recommendation_id is None:
        return None
    else:
        first = await repository.outcome_or_none(session, recommendation.id)
        raise AlreadyAnswered(outcome=first.outcome if first else None)
    return recommendation.id


@dataclass(frozen=True, slots=True)
class TakeOpportunity:
    """A clerk will look after a customer whose issue was settled well."""

    area: Area
    ticket_id: UUID
    by: str


async def take_opportunity(session: AsyncSession, command: TakeOpportunity, *, now: datetime) -> Waiting:
    """Raises OpportunityNotFound, OpportunityTaken."""
    waiting = await repository.get_waiting(session, command.ticket_id, command.area)
    if not await repository.take(session, command.ticket_id, by=command.by, now=now):
        raise OpportunityTaken(taken_by=waiting.opportunity.taken_by)
    return await repository.get_waiting(session, command.ticket_id, command.area)


async def opportunities(
    session: AsyncSession, area: Area, page: PageRequest, *, clerk: str | None, now: datetime
) -> Page[Waiting]:
    """Who is first in line, as far back as the policy looks."""
    policy = await repository.policy_on(session, clock.business_date(now))
    since = now - timedelta(days=policy.opportunity_days)
    return await repository.opportunities_page(session, area, page, since=since, clerk=clerk)


@dataclass(frozen=True, slots=True)
class CountAcceptance:
    """How recommendations are answered, by one key, in the days from `since` to `until`."""

    area: Area
    by: By
    since: date
    until: date
    hall: str | None = None


async def count_acceptance(session: AsyncSession, command: CountAcceptance) -> Acceptance:
    period = {"since": command.since, "until": command.until}
    rows = await repository.counted_by(session, command.area, command.by, hall=command.hall, **period)
    reasons = await repository.declined_because(session, command.area, hall=command.hall, **period)
    names = await _names(session, command.by, [row.key for row in rows])
    return Acceptance(
        command.by, hall=command.hall, rows=rows, names=names, declined_because=reasons, **period
    )


async def set_policy(session: AsyncSession, policy: RecommendationPolicy) -> RecommendationPolicy:
    """A new version from its day on; what was shown before keeps the version it was chosen by."""
    if not await repository.add_policy(session, policy):
        raise PolicyExists
    return policy


async def _names(session: AsyncSession, by: By, keys: Sequence[Any]) -> Mapping[str, str]:
    if by == "script":
        return await script_library.titles(session, [key for key in keys if key])
    if by == "product":
        return {code: offer.name for code, offer in (await products.offers(session)).items()}
    if by == "clerk":
        return await directory.clerk_names(session, keys)
    return {str(hour): f"{hour}:00–{hour}:59" for hour in keys}


async def _script(session: AsyncSession, issue: Issue | None, busy: bool) -> Script | None:
    """Words for somebody who came with a question, with a complaint, or with neither."""
    audience = script_rules.audience_of([issue.kind if issue else None])
    moment = "recommending_busy" if busy else "recommending"
    return await repository.recent_script(session, audience, moment)


def _withheld(customer: Any, issues: Sequence[Issue], policy: Policy, busy: bool) -> Withheld | None:
    if customer.status != "active":
        return "left-network"
    if customer.archive == "withdrawn":
        return "consent-withdrawn"
    if any(rules.is_open(issue) for issue in issues):
        return "complaint-open"
    return "hall-busy" if busy and policy.busy == "none" else None


def _situation(customer: Any, now: datetime, busy: bool, contact: str) -> Situation:
    return Situation(
        brand=customer.brand,
        age_band=customer.age_band,
        spend_band=customer.spend_band,
        habits=tuple(customer.habits),
        preferences=tuple(customer.preferences),
        tier=customer.tier,
        days_since_contact=max((now - customer.last_contact_at).days, 0),
        hall="busy" if busy else "idle",
        contact=contact,
    )


def _choose(
    look: Look, situation: Situation, standings: Sequence[Standing], tables: CodeTables, now: datetime
) -> list[Choice]:
    """What fits beside what was shown today."""
    shown = {one.recommendation.product for one in look.shown}
    not_now = rules.resting(standings, look.policy, now) | shown
    chosen = rules.choose(look.offers.values(), situation, tables, look.policy, resting=not_now, day=look.day)
    return chosen[: look.policy.max_offers - len(look.shown)]


def _recommendations(look: Look, chosen: Sequence[Choice], *, by: str, now: datetime) -> list[Recommendation]:
    customer, taken = look.customer, {one.recommendation.rank for one in look.shown}
    free = [rank for rank in range(1, rules.MOST_A_DAY + 1) if rank not in taken]
    return [
        as_loaded(
            Recommendation,
            id=ids.uuid7(),
            customer_id=customer.id,
            hall=customer.hall,
            county=customer.county,
            clerk=customer.clerk,
            day=look.day,
            hour=now.astimezone(clock.SHANGHAI).hour,
            rank=rank,
            product=choice.offer.code,
            product_title=choice.offer.name,
            rule_version=f"{look.policy.version}.{choice.offer.version}",
            reasons=[{"code": reason.code, "words": reason.words} for reason in choice.reasons],
            hall_busy=look.hall_busy,
            script_id=look.script.id if look.script else None,
            script_version=look.script.version if look.script else None,
            ticket_id=look.issue.ticket_id if look.issue and look.issue.well else None,
            shown_at=now,
            offered_by=by or customer.clerk,
        )
        for rank, choice in zip(free, chosen, strict=False)
    ]


async def _meant(session: AsyncSession, command: LinkActivation, now: datetime) -> Recommendation | None:
    if command.recommendation_id is None:
        since = clock.business_date(now - LINKED_WITHIN)
        return await repository.newest_unfinished(session, command.customer_id, command.product, since)
    recommendation = await repository.get_recommendation(session, command.recommendation_id, command.area)
    if (recommendation.customer_id, recommendation.product) != (command.customer_id, command.product):
        raise AnotherProduct
    return recommendation
