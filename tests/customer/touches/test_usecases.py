"""The life of a follow-up: opened, reset by contacts that qualify, completed, escalated once a step, aligned."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.customer.archive import handlers
from services.customer.archive.models import Customer
from services.customer.tiers.models import TierStrategy
from services.customer.touches import repository, usecases
from services.customer.touches.errors import (
    FollowUpClosed,
    TouchDoesNotQualify,
    TouchExists,
    TouchInTheFuture,
    TouchInvalid,
    TouchTooEarly,
)
from services.customer.touches.models import FollowUp, Logged, Touch
from services.customer.touches.usecases import CompleteFollowUp, LogTouch
from shared import clock, ids
from shared.consumer import Delivery
from shared.database import Database
from shared.events.base import Envelope
from shared.events.customer import FollowUpCompleted, FollowUpOverdue, TouchLogged
from shared.events.messaging import SmsAccepted
from shared.runtime import Runtime
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.customers import NOW, a_customer
from tests.customer.touches.conftest import Contacted, open_all, open_of

pytestmark = pytest.mark.usefixtures("organisation")
EVERYWHERE = Area.everything()
TODAY = clock.business_date(NOW)


async def touch(
    database: Database,
    customer_id: UUID,
    kind: str = "visit",
    *,
    days_ago: int = 0,
    by: str | None = "ZZ0101",
) -> Logged:
    command = LogTouch(EVERYWHERE, customer_id, kind, by, NOW - timedelta(days=days_ago), "ZZ0101")
    async with database.transaction() as session:
        return await usecases.log_touch(session, command, now=NOW)


async def complete(
    database: Database, follow_up_id: UUID, kind: str = "call", *, days_ago: int = 0
) -> Logged:
    command = CompleteFollowUp(
        EVERYWHERE, follow_up_id, kind, "ZZ0101", NOW - timedelta(days=days_ago), "ZZ0101"
    )
    async with database.transaction() as session:
        return await usecases.complete_follow_up(session, command, now=NOW)


async def escalate(database: Database, now: datetime) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.escalate_follow_ups(session, now=now)


async def align(database: Database, now: datetime) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.align_follow_ups(session, now=now)


async def said(database: Database, event: type[Any]) -> list[Any]:
    return [e for e in await events_said(database) if isinstance(e, event)]


@pytest.mark.both_databases
async def test_every_customer_is_owed_one_follow_up_from_the_last_contact(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(10)
    await open_all(database)
    follow_up = await open_of(database, customer.id)
    assert (follow_up.due_on, follow_up.latest_on) == (
        TODAY + timedelta(days=80),
        TODAY + timedelta(days=110),
    )
    assert (follow_up.hall, follow_up.clerk, follow_up.tier) == ("ZZ01", "ZZ0101", "C")


async def test_for_a_customer_off_a_sheet_the_clock_starts_on_the_day_they_were_brought_in(
    database: Database, runtime: Runtime
) -> None:
    old = datetime(2010, 6, 24, tzinfo=UTC)
    customer = await a_customer(database, runtime.phones, at=old, origin="import")
    await open_all(database)
    follow_up = await open_of(database, customer.id)
    assert follow_up.since == customer.recorded_at


@pytest.mark.both_databases
async def test_the_cadence_is_that_of_the_tier(database: Database, contacted: Contacted) -> None:
    """A1-8: each tier has its own target and its own longest gap."""
    by_tier = {tier: await open_of(database, (await contacted(0, tier)).id) for tier in "ABC"}
    gaps = {tier: ((f.due_on - TODAY).days, (f.latest_on - TODAY).days) for tier, f in by_tier.items()}
    assert gaps == {"A": (30, 45), "B": (60, 90), "C": (90, 120)}


@pytest.mark.both_databases
async def test_a_visit_before_the_target_day_moves_the_clock_and_completes_nothing(
    database: Database, contacted: Contacted
) -> None:
    """A1-9, the first half: log a visit, and the due day moves."""
    customer = await contacted(50)
    before = await open_of(database, customer.id)
    logged = await touch(database, customer.id)
    after = await open_of(database, customer.id)
    assert (after.id, after.version, logged.completed) == (before.id, 2, None)
    assert (before.due_on, after.due_on) == (TODAY + timedelta(days=40), TODAY + timedelta(days=90))
    (event,) = await said(database, TouchLogged)
    assert (event.kind, event.qualifying, event.made_by, event.follow_up_id) == (
        "visit",
        True,
        "ZZ0101",
        before.id,
    )
    assert await said(database, FollowUpCompleted) == []
    async with database.reading() as session:
        stored = await session.get_one(Customer, customer.id)
    assert clock.business_date(stored.last_contact_at) == TODAY


@pytest.mark.both_databases
async def test_an_automatic_sms_does_not_move_the_clock(database: Database, contacted: Contacted) -> None:
    """A1-9, the second half: neither an SMS of the house nor one that is logged by hand is a contact."""
    customer = await contacted(95)
    before = await open_of(database, customer.id)
    event = SmsAccepted(
        occurred_at=NOW, message_id=ids.uuid7(), customer_id=customer.id, message_class="service", hall="ZZ01",
        county="zizhong", clerk="ZZ0101", counted=True, template="care", submitted_at=NOW, accepted_at=NOW,
        gateway="simulator",
    )  # fmt: skip
    async with database.transaction() as session:
        await handlers.count_sms_on_sms_accepted(session, [Delivery(event, _envelope(event), NOW)])
    logged = await touch(database, customer.id, "message")
    after = await open_of(database, customer.id)
    assert (after.version, after.due_on) == (before.version, before.due_on)
    assert (logged.touch.qualifying, logged.touch.follow_up_id) == (False, None)
    async with database.reading() as session:
        stored = await session.get_one(Customer, customer.id)
    assert (stored.sms_count, stored.last_contact_at) == (1, customer.last_contact_at)


@pytest.mark.parametrize(("days", "on_time"), [(90, True), (120, True), (121, False)])
async def test_a_contact_when_it_is_due_completes_and_opens_the_next(
    database: Database, contacted: Contacted, days: int, on_time: bool
) -> None:
    customer = await contacted(days)
    before = await open_of(database, customer.id)
    logged = await touch(database, customer.id, "call")
    assert (logged.completed and logged.completed.id) == before.id
    following = await open_of(database, customer.id)
    assert (following.id != before.id, following.due_on) == (True, TODAY + timedelta(days=90))
    (event,) = await said(database, FollowUpCompleted)
    assert (event.follow_up_id, event.on_time, event.completed_by) == (before.id, on_time, "ZZ0101")
    assert event.touch_id == logged.touch.id


async def test_a_contact_is_logged_once(database: Database, contacted: Contacted) -> None:
    customer, at = await contacted(95), NOW - timedelta(minutes=5)
    command = LogTouch(EVERYWHERE, customer.id, "visit", "ZZ0101", at, "ZZ0101")
    async with database.transaction() as session:
        first = await usecases.log_touch(session, command, now=NOW)
    again = LogTouch(EVERYWHERE, customer.id, "visit", "ZZ0101", at + timedelta(seconds=30), "pos-1")
    with pytest.raises(TouchExists) as refused:
        async with database.transaction() as session:
            await usecases.log_touch(session, again, now=NOW)
    assert refused.value.extras == {"existing_id": first.touch.id}
    assert len(await said(database, TouchLogged)) == len(await said(database, FollowUpCompleted)) == 1


@pytest.mark.both_databases
async def test_many_at_once_complete_a_follow_up_once(database: Database, contacted: Contacted) -> None:
    customer = await contacted(100)
    kinds = ("visit", "call", "counter")
    await asyncio.gather(*(touch(database, customer.id, kind) for kind in kinds))
    assert len(await said(database, TouchLogged)) == 3
    assert len(await said(database, FollowUpCompleted)) == 1
    assert (await open_of(database, customer.id)).due_on == TODAY + timedelta(days=90)


async def test_an_older_contact_than_the_last_changes_no_clock(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(95)
    await touch(database, customer.id)
    before = await open_of(database, customer.id)
    logged = await touch(database, customer.id, "call", days_ago=3)
    assert (logged.completed, logged.touch.follow_up_id) == (None, None)
    assert (await open_of(database, customer.id)).version == before.version


async def test_a_contact_logged_days_later_counts_on_its_own_day(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(125)  # the last day in time was five days ago
    logged = await touch(database, customer.id, days_ago=10)
    assert logged.completed is not None
    assert logged.completed.on_time is True
    assert (await open_of(database, customer.id)).due_on == TODAY + timedelta(days=80)


async def test_a_contact_before_the_clock_came_by_opens_the_follow_up_itself(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones, at=NOW - timedelta(days=5))
    await touch(database, customer.id)
    await open_all(database)
    assert (await open_of(database, customer.id)).due_on == TODAY + timedelta(days=90)


async def test_what_cannot_be_a_contact_is_refused_and_leaves_nothing(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(95)
    for kind, by, wrong in (("visit", "nobody", TouchInvalid), ("fax", "ZZ0101", TouchInvalid)):
        with pytest.raises(wrong):
            await touch(database, customer.id, kind, by=by)
    with pytest.raises(TouchInTheFuture):
        await touch(database, customer.id, days_ago=-1)
    assert await said(database, TouchLogged) == []


@pytest.mark.both_databases
async def test_a_follow_up_is_completed_once_by_a_contact_that_qualifies(
    database: Database, contacted: Contacted
) -> None:
    follow_up = await open_of(database, (await contacted(10)).id)
    with pytest.raises(TouchDoesNotQualify):
        await complete(database, follow_up.id, "message")
    with pytest.raises(TouchTooEarly):
        await complete(database, follow_up.id, days_ago=11)
    logged = await complete(database, follow_up.id)
    assert (logged.touch.follow_up_id, logged.completed and logged.completed.on_time) == (follow_up.id, True)
    with pytest.raises(FollowUpClosed):
        await complete(database, follow_up.id)
    assert len(await said(database, FollowUpCompleted)) == 1


@pytest.mark.both_databases
async def test_each_step_of_the_ladder_is_said_once_however_often_and_by_however_many_it_is_looked_at(
    database: Database, contacted: Contacted
) -> None:
    """A1-11: the scheduler runs twice and in two replicas; one event a step."""
    customer = await contacted(0)
    start = NOW + timedelta(days=120)  # the last day in time
    reached = []
    for days in (0, 1, 2, 3, 6, 7, 30):
        await asyncio.gather(*(escalate(database, start + timedelta(days=days)) for _ in range(2)))
        reached.append([event.step for event in await said(database, FollowUpOverdue)])
    assert reached == [
        [], ["clerk"], ["clerk"], ["clerk", "hall_manager"], ["clerk", "hall_manager"],
        ["clerk", "hall_manager", "county"], ["clerk", "hall_manager", "county"],
    ]  # fmt: skip
    first, *_ = await said(database, FollowUpOverdue)
    assert (first.customer_id, first.hall, first.clerk) == (customer.id, "ZZ01", "ZZ0101")
    assert clock.business_date(first.overdue_at) == TODAY + timedelta(days=121)


async def test_a_ladder_nobody_looked_at_for_weeks_is_climbed_step_by_step(
    database: Database, contacted: Contacted
) -> None:
    await contacted(150)
    await escalate(database, NOW)
    assert [event.step for event in await said(database, FollowUpOverdue)] == [
        "clerk",
        "hall_manager",
        "county",
    ]


async def test_a_contact_stops_the_ladder_and_the_next_follow_up_has_its_own(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(121)
    await escalate(database, NOW)
    logged = await touch(database, customer.id, days_ago=60)
    assert logged.completed is not None  # it had been overdue: it ends, although the contact was early enough
    assert logged.completed.on_time is True
    await escalate(database, NOW + timedelta(days=30))
    assert [event.step for event in await said(database, FollowUpOverdue)] == ["clerk"]


@pytest.mark.both_databases
async def test_by_morning_follow_ups_agree_with_tier_place_and_strategy(
    database: Database, contacted: Contacted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecases, "ALIGNED_AT_ONCE", 2)
    raised, left, other, same = [await contacted(10) for _ in range(4)]
    async with database.transaction() as session:
        for customer, change in (
            (raised, {"tier": "A"}),
            (left, {"status": "left"}),
            (other, {"clerk": "ZZ0100"}),
        ):
            await session.execute(sa.update(Customer).where(Customer.id == customer.id).values(**change))  # type: ignore[arg-type]
    morning = NOW.astimezone(clock.SHANGHAI).replace(hour=5)
    for _ in range(2):
        await align(database, morning)
    assert (await open_of(database, raised.id)).due_on == TODAY + timedelta(days=20)
    assert (await open_of(database, other.id)).clerk == "ZZ0100"
    assert (await open_of(database, same.id)).version == 1
    async with database.reading() as session:
        assert await repository.open_follow_up_of(session, left.id) is None
        dropped = (await session.scalars(sa.select(FollowUp).where(FollowUp.customer_id == left.id))).one()  # type: ignore[arg-type]
    assert (dropped.outcome, dropped.on_time) == ("dropped", None)


async def test_a_changed_strategy_counts_for_open_follow_ups_by_the_next_morning(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(10)
    async with database.transaction() as session:
        strategy = await session.get_one(TierStrategy, "C")
        facts = {"target_days": 40, "max_days": 50, "acts": "clerk", "owed": []}
        strategy.change(facts, by="admin", now=NOW)
    await align(database, NOW.astimezone(clock.SHANGHAI).replace(hour=5))
    follow_up = await open_of(database, customer.id)
    assert (follow_up.due_on, follow_up.latest_on) == (TODAY + timedelta(days=30), TODAY + timedelta(days=40))


async def test_an_erased_customer_leaves_no_note_and_is_owed_nothing(
    database: Database, contacted: Contacted
) -> None:
    customer = await contacted(95)
    command = LogTouch(EVERYWHERE, customer.id, "visit", "ZZ0101", NOW, "ZZ0101", "家中老人需要大字账单")
    async with database.transaction() as session:
        await usecases.log_touch(session, command, now=NOW)
    async with database.reading() as session:
        told = await repository.everything_about(session, customer.id)
    assert told["touches"][0]["note"] == "家中老人需要大字账单"
    assert len(told["follow_ups"]) == 2
    async with database.transaction() as session:
        await repository.erase_customers(session, [customer.id])
    async with database.reading() as session:
        kept = (await session.scalars(sa.select(Touch))).one()
        assert await repository.open_follow_up_of(session, customer.id) is None
    assert (kept.note, kept.kind) == (None, "visit")


def _envelope(event: Any) -> Envelope:
    return Envelope(ids.uuid7(), "/hall/messaging", event.topic, event.occurred_at, str(event.message_id), 1)
