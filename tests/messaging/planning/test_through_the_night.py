"""Months, nights, holidays and outages, at a clock of the test's own: what peers' users complain of is a test here."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.messaging.audience import usecases as audience
from services.messaging.budget.models import ClassRule
from services.messaging.dispatch import usecases as dispatch
from services.messaging.dispatch.ports import Inbound, Submitted
from services.messaging.dispatch.usecases import ClaimMessages, Result
from services.messaging.inbound.usecases import take_replies
from services.messaging.messages.models import Message
from services.messaging.planning.usecases import introduce
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.planning.usecases.recheck import release_held
from services.messaging.proofs.usecases import prove_cap
from services.messaging.receipts.usecases import store_inbound
from shared import clock
from shared.database import Database, insert_rows
from shared.events.messaging import SmsIntroMissed
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
PHONE = "13900001234"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


async def settle_in(
    database: Database,
    phones: PhoneBook,
    since: str,
    *,
    hours: tuple[int, int] = (0, 0),
    agreed: Sequence[str] = ("archive", "service_sms"),
) -> UUID:
    """A hall that sends at these hours and a customer who was archived then; nothing is planned."""
    customer = people.a_customer(phones, phone=PHONE, at=at(since), agreed=agreed)
    async with database.transaction() as session:
        hall = people.a_hall(sms_from=time(hours[0]), sms_until=time(hours[1]))
        await audience.follow_halls(session, [hall])
        await audience.follow_snapshots(session, [customer])
    return customer.customer_id


async def plan(database: Database, customer: UUID, now: datetime, **other: Any) -> Message:
    intent = Intent(
        "service", "service", f"t:{uuid4()}", customer_id=customer, params={"content": "雨"}, **other
    )
    async with database.transaction() as session:
        (message,) = await plan_messages(session, [intent], now=now)
    return message


async def send(database: Database, now: datetime, said: str = "accepted") -> int:
    """One step of a dispatcher: claim, submit, record; how many were handed over."""
    token = uuid4()
    async with database.transaction() as session:
        claimed = await dispatch.claim_messages(
            session, ClaimMessages("simulator", token, timedelta(minutes=1), 10, None), now=now
        )
    results = [Result(m.id, m.attempts, Submitted(said), now) for m in claimed]  # type: ignore[arg-type]
    async with database.transaction() as session:
        await dispatch.record_results(session, "simulator", token, results, now=now)
    return len(claimed)


async def release(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await release_held(session, now=now, limit=100)


async def test_the_last_second_of_january_and_the_first_of_february_are_two_months(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    customer = await settle_in(database, phones, "2026-01-02T10:00")
    last, first = at("2026-01-31T23:59:59"), at("2026-02-01T00:00:00")
    january = [await plan(database, customer, last) for _ in range(3)]
    february = [await plan(database, customer, first) for _ in range(3)]
    assert [m.status for m in january] == [m.status for m in february] == ["queued", "queued", "suppressed"]
    assert sorted((s.month, s.slot_no) for s in await shelf.slots()) == [
        ("2026-01", 1), ("2026-01", 2), ("2026-02", 1), ("2026-02", 2),
    ]  # fmt: skip
    assert january[2].decisions["cap"]["next_free_at"] == "2026-01-31T16:00:00+00:00"


async def test_what_is_queued_in_january_and_leaves_in_february_uses_februarys_slot(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    customer = await settle_in(database, phones, "2026-01-02T10:00")
    message = await plan(database, customer, at("2026-01-31T23:59:59"))
    assert await send(database, at("2026-02-01T00:00:01")) == 1
    assert [(s.month, s.message_id) for s in await shelf.slots()] == [("2026-02", message.id)]
    assert (await shelf.message()).cap_month == "2026-02"


@pytest.mark.parametrize(
    ("said", "kept"), [("accepted", True), ("unknown", True), ("rejected", False), ("not-sent", True)]
)
async def test_a_slot_is_given_back_only_when_the_message_provably_never_left(
    database: Database, phones: PhoneBook, shelf: Shelf, said: str, kept: bool
) -> None:
    """A message that did not reach the gateway is queued again and needs its slot."""
    customer = await settle_in(database, phones, "2026-01-02T10:00")
    await plan(database, customer, at("2026-01-10T10:00"))
    await send(database, at("2026-01-10T10:00"), said)
    assert (len(await shelf.slots()) == 1) == kept


async def give_holidays_a_pool_of_their_own(database: Database, shelf: Shelf, since: str) -> None:
    (rule,) = await shelf.rows(ClassRule, ClassRule.message_class == "holiday")
    own = {**rule.model_dump(), "effective_from": at(since).date(), "pool": "holiday", "cap": 1}
    async with database.transaction() as session:
        await insert_rows(session, ClassRule, [own])


async def greet(database: Database, customer: UUID, now: datetime) -> Message:
    words = {"festival": "春节", "wish": "安康"}
    intent = Intent("holiday", "holiday", f"t:{uuid4()}", customer_id=customer, params=words)
    async with database.transaction() as session:
        (message,) = await plan_messages(session, [intent], now=now)
    return message


async def test_when_greetings_get_slots_of_their_own_within_a_month_the_proof_still_holds(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    customer = await settle_in(database, phones, "2026-01-02T10:00", agreed=("service_sms", "holiday_sms"))
    await give_holidays_a_pool_of_their_own(database, shelf, "2026-01-15T00:00")
    for day in (10, 11):
        await greet(database, customer, at(f"2026-01-{day}T10:00"))
        await send(database, at(f"2026-01-{day}T10:00"))
    assert (await plan(database, customer, at("2026-01-12T10:00"))).reason == "cap-reached"
    assert (await greet(database, customer, at("2026-01-16T10:00"))).cap_pool == "holiday"
    assert (await greet(database, customer, at("2026-01-16T10:00"))).reason == "cap-reached"
    await send(database, at("2026-01-16T10:00"))
    async with database.reading() as session:
        proof = await prove_cap(session, "2026-01", Area.everything())
    assert proof.violations == ()
    assert {(p.pool, p.cap, p.messages) for p in proof.pools} == {("holiday", 1, 1), ("monthly", 2, 2)}


async def test_what_waits_until_its_class_has_another_pool_takes_its_slot_there(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    customer = await settle_in(database, phones, "2026-01-02T10:00", agreed=("service_sms", "holiday_sms"))
    await give_holidays_a_pool_of_their_own(database, shelf, "2026-01-15T00:00")
    late = await greet(database, customer, at("2026-01-14T23:59:59"))
    assert late.cap_pool == "monthly"
    await send(database, at("2026-01-15T00:00:01"))
    assert [(s.pool, s.message_id) for s in await shelf.slots()] == [("holiday", late.id)]


async def test_a_message_of_half_past_five_waits_for_eight_and_leaves_spread_out(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    customer = await settle_in(database, phones, "2026-01-02T10:00", hours=(8, 20))
    dawn, opening = at("2026-01-10T05:30"), at("2026-01-10T08:00")
    message = await plan(database, customer, dawn)
    assert message.status == "held"
    assert opening <= message.send_at <= opening + timedelta(hours=2)
    await release(database, opening - timedelta(seconds=1))
    assert await shelf.statuses() == ["held"]
    await release(database, message.send_at)
    assert await shelf.statuses() == ["queued"]


async def test_an_opt_out_at_seven_cancels_what_would_leave_at_eight(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    customer = await settle_in(database, phones, "2026-01-02T10:00", hours=(8, 20))
    await plan(database, customer, at("2026-01-10T05:30"))
    seven = at("2026-01-10T07:00")
    async with database.transaction() as session:
        reply = Inbound(uuid4().hex, PHONE, "106575", "退订", seven)
        await store_inbound(session, "simulator", [reply], phones, now=seven)
        await take_replies(session, now=seven, limit=10)
    await release(database, at("2026-01-10T11:00"))
    kept = [(m.status, m.reason) for m in await shelf.messages() if m.message_class == "service"]
    assert kept == [("suppressed", "opted-out")]
    assert await shelf.slots() == []


async def test_overnight_messages_do_not_all_leave_at_the_stroke_of_eight(
    database: Database, phones: PhoneBook
) -> None:
    customers = [
        people.a_customer(phones, phone=f"138{n:08d}", at=at("2026-01-02T10:00"), agreed=["service_sms"])
        for n in range(40)
    ]
    async with database.transaction() as session:
        await audience.follow_halls(session, [people.a_hall(sms_from=time(8), sms_until=time(20))])
        await audience.follow_snapshots(session, customers)
        intents = [
            Intent("service", "service", "t", customer_id=c.customer_id, params={"content": "雨"})
            for c in customers
        ]
        messages = await plan_messages(session, intents, now=at("2026-01-10T05:30"))
    minutes = {int((m.send_at - at("2026-01-10T08:00")) / timedelta(minutes=10)) for m in messages}
    assert len(minutes) >= 6


async def test_the_same_event_ten_times_is_one_intent(ears: Ears, phones: PhoneBook, shelf: Shelf) -> None:
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall())
    for _ in range(5):
        await ears.hear(registered)
    await ears.consumer.handle([ears.record(registered, event_id=uuid4()) for _ in range(5)])
    assert len(await shelf.messages()) == 1
    assert len(await shelf.slots()) == 1


async def introduce_customer(database: Database, customer: UUID, now: datetime) -> None:
    async with database.transaction() as session:
        await introduce.plan_intros(session, [customer], now=now)


async def miss(database: Database, now: datetime) -> None:
    async with database.transaction() as session:
        await introduce.miss_overdue(session, now=now, limit=100)


async def test_an_introduction_comes_through_night_holiday_and_outage_inside_its_seven_days(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    """Archived on the eve of the Spring Festival at night; the gateway is away for six days."""
    archived = at("2026-02-16T22:10")
    customer = await settle_in(database, phones, "2026-02-16T22:10", hours=(8, 20))
    await introduce_customer(database, customer, archived)
    (message,) = await shelf.messages()
    assert (message.status, message.deadline) == ("held", archived + timedelta(days=7))
    for day in range(1, 7):
        morning = at("2026-02-16T09:00") + timedelta(days=day)
        await release(database, morning)
        await send(database, morning, "not-sent")
        await miss(database, morning)
    assert await shelf.statuses() == ["queued"]
    assert await send(database, at("2026-02-23T08:05")) == 1
    await miss(database, at("2026-02-28T00:00"))
    sent = await shelf.message()
    assert sent.submitted_at is not None
    assert sent.deadline is not None
    assert (sent.status, sent.submitted_at <= sent.deadline) == ("accepted", True)
    assert await shelf.said(SmsIntroMissed) == []


async def test_an_introduction_that_an_outage_keeps_past_its_seven_days_is_a_miss_with_its_cause(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    archived = at("2026-02-16T22:10")
    customer = await settle_in(database, phones, "2026-02-16T22:10", hours=(8, 20))
    await introduce_customer(database, customer, archived)
    morning = at("2026-02-17T09:00")
    await release(database, morning)
    await send(database, morning, "not-sent")
    for hours in (1, 2):
        await miss(database, archived + timedelta(days=7, hours=hours))
    (missed,) = await shelf.said(SmsIntroMissed)
    assert (missed.cause, missed.customer_id) == ("gateway", customer)
    assert await shelf.statuses() == ["expired"]
    assert await send(database, at("2026-02-24T09:00")) == 0


async def test_introductions_leave_earliest_deadline_first(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    now, late_first = at("2026-03-05T10:00"), []
    for number, day in enumerate((4, 1, 3, 2)):
        customer = people.a_customer(phones, phone=f"138{number:08d}", at=at(f"2026-03-0{day}T10:00"))
        late_first.append((day, customer.customer_id))
        async with database.transaction() as session:
            await audience.follow_halls(session, [people.a_hall()])
            await audience.follow_snapshots(session, [customer])
        await introduce_customer(database, customer.customer_id, now)
    order = []
    while True:
        async with database.transaction() as session:
            command = ClaimMessages("simulator", uuid4(), timedelta(minutes=1), 1, None)
            claimed = await dispatch.claim_messages(session, command, now=now)
        if not claimed:
            break
        order.append(claimed[0].customer_id)
    assert order == [customer for _day, customer in sorted(late_first)]


async def test_deciding_takes_as_many_statements_for_a_hundred_messages_as_for_ten(
    database: Database, phones: PhoneBook
) -> None:
    customers = [
        people.a_customer(phones, phone=f"138{n:08d}", at=at("2026-01-02T10:00"), agreed=["service_sms"])
        for n in range(110)
    ]
    async with database.transaction() as session:
        await audience.follow_halls(session, [people.a_hall()])
        await audience.follow_snapshots(session, customers)
    statements: list[str] = []

    def note(*context: Any) -> None:
        statements.append(context[2])

    sa.event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    counted = []
    for some in (customers[:10], customers[10:]):
        intents = [
            Intent("service", "service", "t", customer_id=c.customer_id, params={"content": "雨"})
            for c in some
        ]
        statements.clear()
        async with database.transaction() as session:
            await plan_messages(session, intents, now=at("2026-01-10T10:00"))
        counted.append(len(statements))
    sa.event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    assert counted[0] == counted[1], counted
    assert counted[0] <= 20
