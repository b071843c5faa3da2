"""Rating month by month: newcomers, promotion, patience, resuming after a crash, and proving a past month."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.customer.archive.models import Customer
from services.customer.tiers import jobs, repository, usecases
from services.customer.tiers.models import TierRating, TierRun
from services.customer.tiers.usecases import DraftTierRule, PublishTierRule
from shared.clock import SHANGHAI
from shared.database import Database
from shared.events.customer import CustomerTierChanged
from shared.runtime import Runtime
from shared.scheduler import Scheduler
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.customers import PROFILE, a_customer
from tests.customer.tiers.test_rules import DEFINITION

pytestmark = pytest.mark.usefixtures("organisation")
EVERYWHERE = Area.everything()


def night_of(year: int, month: int, day: int = 1) -> datetime:
    """Three in the morning in Shanghai."""
    return datetime(year, month, day, 3, tzinfo=SHANGHAI).astimezone(UTC)


async def rate(database: Database, now: datetime) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.rate_customers(session, now=now)


async def change(database: Database, customer_id: UUID, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(sa.update(Customer).where(Customer.id == customer_id).values(**values))  # type: ignore[arg-type]


async def tier_of(database: Database, customer_id: UUID) -> tuple[str, int]:
    async with database.reading() as session:
        customer = await session.get_one(Customer, customer_id)
        return customer.tier, customer.version


async def history(database: Database, customer_id: UUID) -> Sequence[TierRating]:
    query = sa.select(TierRating).where(TierRating.customer_id == customer_id).order_by(TierRating.month)  # type: ignore[arg-type]
    async with database.reading() as session:
        return (await session.scalars(query)).all()


async def publish(database: Database, definition: dict[str, Any], now: datetime) -> int:
    async with database.transaction() as session:
        rule = await usecases.draft_tier_rule(session, DraftTierRule(definition, "测试", "ZZ0001"), now=now)
        await usecases.publish_tier_rule(session, PublishTierRule(rule.version, None, "ZZ0001"), now=now)
        return rule.version


async def changes_said(database: Database) -> list[tuple[str | None, str, str | None, int]]:
    said = [e for e in await events_said(database) if isinstance(e, CustomerTierChanged)]
    return [(e.from_tier, e.to_tier, e.reason, e.version) for e in said]


RICH = {"brand": 1, "spend_band": 4, "preferences": [1]}
POOR = {"brand": 3, "spend_band": 0, "preferences": []}


@pytest.mark.both_databases
async def test_a_new_customer_is_rated_in_the_next_night_and_it_is_said(
    database: Database, runtime: Runtime
) -> None:
    rich = await a_customer(database, runtime.phones)
    plain = await a_customer(database, runtime.phones, "13908320002")
    await change(database, rich.id, **RICH)
    await rate(database, night_of(2026, 11, 26))
    assert await tier_of(database, rich.id) == ("A", 2)
    assert await tier_of(database, plain.id) == ("C", 1)
    assert await changes_said(database) == [(None, "A", "first_rating", 2)]
    (rating,) = await history(database, rich.id)
    assert (rating.month, rating.from_tier, rating.rule_version) == ("2026-11", None, 1)
    assert rating.points == {"value": 40, "importance": 20, "potential": 25}
    assert rating.inputs == {"brand": 1, "age_band": 2, "spend_band": 4, "habits": [4], "preferences": [1]}


@pytest.mark.both_databases
async def test_a_tier_is_kept_for_two_months_below_and_every_step_is_in_the_history(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    await change(database, customer.id, **RICH)
    await rate(database, night_of(2026, 12))
    await change(database, customer.id, **POOR)
    for month in (1, 2, 3):
        await rate(database, night_of(2027, month))
    assert [(r.month, r.from_tier, r.tier, r.months_below) for r in await history(database, customer.id)] == [
        ("2026-12", None, "A", 0), ("2027-01", "A", "A", 1), ("2027-02", "A", "C", 0),
    ]  # fmt: skip
    assert [move[:3] for move in await changes_said(database)] == [
        (None, "A", "first_rating"), ("A", "C", "demoted"),
    ]  # fmt: skip


async def test_a_night_has_one_run_and_a_month_has_one(database: Database, runtime: Runtime) -> None:
    await a_customer(database, runtime.phones)
    for _ in range(3):
        await rate(database, night_of(2026, 12))
    async with database.reading() as session:
        runs = (await session.scalars(sa.select(TierRun).order_by(TierRun.occasion))).all()
    assert [(run.occasion, run.seen, run.changed) for run in runs] == [
        ("2026-12", 1, 0),
        ("2026-12-01", 0, 0),
    ]


async def test_nobody_is_rated_while_the_day_before_is_still_being_booked(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    await change(database, customer.id, **RICH)
    await rate(database, datetime(2026, 11, 30, 17, 59, tzinfo=UTC))  # 01:59 in Shanghai
    assert await tier_of(database, customer.id) == ("C", 1)


@pytest.mark.both_databases
async def test_a_run_goes_on_where_it_was_and_rates_each_customer_once(
    database: Database, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worked in chunks of one, with a crash between two of them: the counts are those of a clean run."""
    monkeypatch.setattr(usecases, "CHUNK", 1)
    people = [await a_customer(database, runtime.phones, f"1390832010{n}") for n in range(3)]
    for customer in people:
        await change(database, customer.id, **RICH)
    now = night_of(2026, 12)
    for _ in range(2):  # begins the run, does the first customer
        async with database.transaction() as session:
            await usecases.rate_customers(session, now=now)
    with pytest.raises(RuntimeError, match="power"):
        async with database.transaction() as session:
            await usecases.rate_customers(session, now=now)
            raise RuntimeError("power")
    await rate(database, now)
    assert [await tier_of(database, customer.id) for customer in people] == [("A", 2)] * 3
    assert len(await changes_said(database)) == 3
    async with database.reading() as session:
        run = await repository.get_run(session, "2026-12")
    assert (run.seen, run.changed) == (3, 3)
    assert run.finished_at is not None


@pytest.mark.both_databases
async def test_a_past_month_rated_again_with_its_own_rule_gives_identical_tiers(
    database: Database, runtime: Runtime
) -> None:
    """A1-7: profiles and the rule have changed since; what was said then is said again."""
    people = [await a_customer(database, runtime.phones, f"1390832020{n}") for n in range(4)]
    await change(database, people[0].id, **RICH)
    await change(database, people[1].id, **RICH)
    await rate(database, night_of(2026, 12))
    await change(database, people[1].id, **POOR)
    await rate(database, night_of(2027, 1))
    await publish(database, {**DEFINITION, "thresholds": {"A": 30, "B": 10}}, night_of(2027, 1, 15))
    for customer in people:
        await change(database, customer.id, **POOR, version=9)
    await rate(database, night_of(2027, 2))
    await rate(database, night_of(2027, 3))
    async with database.reading() as session:
        proofs = [
            await usecases.prove_month(session, month, EVERYWHERE)
            for month in ("2026-12", "2027-01", "2027-02", "2027-03")
        ]
    assert [(p.rule_version, p.customers, p.different) for p in proofs] == [
        (1, 4, 0), (1, 4, 0), (2, 4, 0), (2, 4, 0),
    ]  # fmt: skip


async def test_a_tampered_history_does_not_pass_the_proof(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    await rate(database, night_of(2026, 12))
    async with database.transaction() as session:
        await session.execute(sa.update(TierRating).values(tier="A"))
    async with database.reading() as session:
        proof = await usecases.prove_month(session, "2026-12", EVERYWHERE)
    assert (proof.customers, proof.different) == (1, 1)
    assert customer.tier == "C"


@pytest.mark.both_databases
async def test_a_trial_counts_who_would_move_and_changes_nothing(
    database: Database, runtime: Runtime
) -> None:
    people = [await a_customer(database, runtime.phones, f"1390832030{n}") for n in range(3)]
    await change(database, people[0].id, **RICH)
    await rate(database, night_of(2026, 12))
    await change(database, people[0].id, **POOR)
    before = await events_said(database)
    definition = {**DEFINITION, "thresholds": {"A": 200, "B": 40}, "demote_after_months": 2}
    async with database.transaction() as session:
        rule = await usecases.draft_tier_rule(
            session, DraftTierRule(definition, "试算", "ZZ0001"), now=night_of(2026, 12)
        )
    async with database.reading() as session:
        outlook = await usecases.try_tier_rule(session, rule.version, EVERYWHERE)
        elsewhere = await usecases.try_tier_rule(session, rule.version, Area(county="weiyuan"))
    assert (outlook.customers, outlook.now) == (3, {"A": 1, "B": 0, "C": 2})
    assert outlook.then == {"A": 1, "B": 2, "C": 0}
    assert (outlook.promoted, outlook.demoted, outlook.waiting) == (2, 0, 1)
    assert elsewhere.customers == 0
    assert await events_said(database) == before
    assert await tier_of(database, people[0].id) == ("A", 2)


async def test_the_job_rates_by_the_clock(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones, profile=PROFILE)
    await change(database, customer.id, **RICH)
    assert await Scheduler(database, jobs.JOBS).fire(jobs.JOBS[0], night_of(2026, 12))
    assert await tier_of(database, customer.id) == ("A", 2)
