"""Rating customers month by month, trying a rule, proving a past month, and changing rules and strategies."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive_records
from services.customer.tiers import repository, rules
from services.customer.tiers.errors import TierRuleInvalid
from services.customer.tiers.models import TierRating, TierRule, TierRun, TierStrategy
from services.customer.tiers.repository import Candidate
from services.customer.tiers.rules import TIERS, Rating, Standing
from shared import clock, outbox
from shared.errors import VersionCheck
from shared.events.customer import CustomerTierChanged
from shared.security.tenancy import Area

CHUNK = 2000
RATES_FROM_HOUR = 2
NEWCOMERS_OF = timedelta(days=3)
FIRST = UUID(int=0)
EVERYWHERE = Area.everything()


@dataclass(frozen=True, slots=True)
class DraftTierRule:
    """The next version of the rule."""

    definition: Mapping[str, Any]
    note: str
    by: str


async def draft_tier_rule(session: AsyncSession, command: DraftTierRule, *, now: datetime) -> TierRule:
    """Raises TierRuleInvalid."""
    if flaws := rules.flaws_of(command.definition):
        raise TierRuleInvalid(errors=flaws)
    facts = {"definition": dict(command.definition), "note": command.note}
    return await repository.add_next_version(session, {**facts, "created_by": command.by, "created_at": now})


@dataclass(frozen=True, slots=True)
class PublishTierRule:
    """A draft is to count from a day on."""

    version: int
    effective_from: date | None
    by: str


async def publish_tier_rule(session: AsyncSession, command: PublishTierRule, *, now: datetime) -> TierRule:
    """Raises TierRuleNotFound, TierRulePublished, PublicationBackdated."""
    rule, today = await repository.get_rule(session, command.version, lock=True), clock.business_date(now)
    rule.publish(command.effective_from or today, by=command.by, today=today, now=now)
    return rule


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a rule would make of the customers now, were they rated by it today."""

    customers: int
    now: dict[str, int]
    then: dict[str, int]
    promoted: int
    demoted: int
    waiting: int


async def try_tier_rule(session: AsyncSession, version: int, area: Area) -> Outlook:
    """Count, change nothing. `waiting` are those below their tier whom patience keeps there for now."""
    rule = (await repository.get_rule(session, version)).rule
    now, then, moves = Counter[str](), Counter[str](), Counter[str]()
    for alike in await repository.alike_now(session, area):
        before = alike.before.tier if alike.before else rules.LOWEST
        after = rule.rate(alike.traits, alike.before).standing
        now[before] += alike.count
        then[after.tier] += alike.count
        moves["waiting" if after.months_below else _move(before, after.tier)] += alike.count
    return Outlook(
        customers=now.total(),
        now={tier: now[tier] for tier in TIERS},
        then={tier: then[tier] for tier in TIERS},
        promoted=moves["promoted"],
        demoted=moves["demoted"],
        waiting=moves["waiting"],
    )


@dataclass(frozen=True, slots=True)
class Proof:
    """A past month rated again, with the rule and the inputs of then."""

    month: str
    rule_version: int
    customers: int
    identical: int
    different: int


async def prove_month(session: AsyncSession, month: str, area: Area) -> Proof:
    """Rate a month again and compare with what was said then. Raises TierRunNotFound."""
    run = await repository.get_run(session, month)
    versions, same = (
        {run.rule_version: (await repository.get_rule(session, run.rule_version)).rule},
        Counter[bool](),
    )
    for alike in await repository.alike_in(session, run, area):
        version = alike.rule_version or run.rule_version
        if version not in versions:
            versions[version] = (await repository.get_rule(session, version)).rule
        again = versions[version].rate(alike.traits, alike.before).standing
        same[again == alike.after] += alike.count
    return Proof(month, run.rule_version, same.total(), same[True], same[False])


async def rate_customers(session: AsyncSession, *, now: datetime) -> bool:
    """One chunk of the run that is open, or that is to begin; True while there is more.

    A run is a row, so whoever comes after a crash goes on at its cursor.
    """
    run = await repository.open_run(session)
    if run is None:
        return await _begin_run(session, now)
    candidates = await repository.candidates_of(session, run, CHUNK)
    rule = await repository.get_rule(session, run.rule_version)
    changed = await _rate(session, run, rule, candidates, now)
    last = candidates[-1].customer_id if len(candidates) == CHUNK else None
    run.advance(last, seen=len(candidates), changed=changed, now=now)
    return True


async def _begin_run(session: AsyncSession, now: datetime) -> bool:
    """The month's run, then the night's for newcomers: at night, when nobody waits for a record's version."""
    local = now.astimezone(clock.SHANGHAI)
    if local.hour < RATES_FROM_HOUR:
        return False
    for occasion, cursor in (
        (f"{local:%Y-%m}", FIRST),
        (f"{local:%Y-%m-%d}", _first_id_since(now - NEWCOMERS_OF)),
    ):
        if not await repository.has_run(session, occasion):
            rule = await repository.rule_on(session, local.date())
            return await repository.add_run(session, TierRun.start(occasion, rule, cursor, now=now))
    return False


async def _rate(
    session: AsyncSession, run: TierRun, rule: TierRule, candidates: Sequence[Candidate], now: datetime
) -> int:
    due = [c for c in candidates if c.rated_in is None or c.rated_in < run.month]
    rated = [(c, rule.rule.rate(c.traits, c.before)) for c in due]
    different = [(c, rating) for c, rating in rated if _differs(c, rating)]
    rows = [_row(run, rule, c, rating, now) for c, rating in different]
    await repository.add_ratings(session, rows)
    moved = [(c, r) for c, r in different if (c.before.tier if c.before else rules.LOWEST) != r.standing.tier]
    await _move_customers(session, rule, moved, now)
    return len(moved)


def _differs(candidate: Candidate, rating: Rating) -> bool:
    return rating.standing != candidate.before or candidate.traits.inputs() != candidate.inputs_before


async def _move_customers(
    session: AsyncSession, rule: TierRule, moved: Sequence[tuple[Candidate, Rating]], now: datetime
) -> None:
    """One statement a tier, then the events with the versions they gave."""
    versions: dict[UUID, int] = {}
    for tier in TIERS:
        ids = [c.customer_id for c, rating in moved if rating.standing.tier == tier]
        versions |= await archive_records.move_to_tier(session, tier, ids)
    outbox.add(
        session, *(_event(c, rating.standing, rule, versions[c.customer_id], now) for c, rating in moved)
    )


def _event(
    candidate: Candidate, standing: Standing, rule: TierRule, version: int, now: datetime
) -> CustomerTierChanged:
    before = candidate.before.tier if candidate.before else None
    return CustomerTierChanged(
        version=version,
        occurred_at=now,
        customer_id=candidate.customer_id,
        hall=candidate.hall,
        county=candidate.county,
        clerk=candidate.clerk,
        from_tier=before,
        to_tier=standing.tier,
        rule_version=str(rule.version),
        reason=rules.reason_of(before, standing.tier),
    )


def _row(run: TierRun, rule: TierRule, candidate: Candidate, rating: Rating, now: datetime) -> TierRating:
    return TierRating(
        customer_id=candidate.customer_id,
        month=run.month,
        hall=candidate.hall,
        county=candidate.county,
        from_tier=candidate.before.tier if candidate.before else None,
        tier=rating.standing.tier,
        months_below=rating.standing.months_below,
        rule_version=rule.version,
        inputs=candidate.traits.inputs(),
        points=rating.points,
        at=now,
    )


@dataclass(frozen=True, slots=True)
class ChangeStrategy:
    """A tier is kept up otherwise from now on."""

    tier: str
    facts: Mapping[str, Any]
    by: str


async def change_strategy(
    session: AsyncSession, command: ChangeStrategy, *, unless_stale: VersionCheck, now: datetime
) -> TierStrategy:
    """Open follow-ups are aligned with it by the next night. Raises TierUnknown, StrategyInvalid."""
    strategy = await repository.get_strategy(session, command.tier, lock=True)
    unless_stale(strategy.version)
    strategy.change(command.facts, by=command.by, now=now)
    return strategy


def _move(before: str, after: str) -> str:
    return "stays" if before == after else rules.reason_of(before, after)


def _first_id_since(at: datetime) -> UUID:
    """The smallest id that can have been made since then: ids begin with the moment they were made."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
