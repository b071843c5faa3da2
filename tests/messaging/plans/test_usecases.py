"""From content to messages: laid out over the month, turned in chunks, once a customer."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.messaging.audience import usecases as audience
from services.messaging.calendar import usecases as calendar
from services.messaging.calendar.gateways.borax import Festivals
from services.messaging.calendar.gateways.chinesecalendar import NoticedDays
from services.messaging.messages.models import Message
from services.messaging.plans import repository
from services.messaging.plans.errors import PlanApproverIsAuthor, PlanExists, PlanInvalid, PlanState
from services.messaging.plans.models import Plan, PlanEntry
from services.messaging.plans.usecases import carry_out, decide_plan
from services.messaging.plans.usecases.show_month import show_month
from services.messaging.plans.usecases.write_plans import WritePlans, write_plans
from services.messaging.suppression import repository as suppression
from services.messaging.suppression.models import Suppression
from services.messaging.templates.errors import ParamsInvalid
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerRegistered
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
CONTENT = {"content": "本周多雨，出行请带伞。"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


OCTOBER = at("2026-10-30T10:00")
LAST = at("2026-11-24T12:00")


async def settle_in(
    database: Database, phones: PhoneBook, number: int, **other: Any
) -> list[CustomerRegistered]:
    """A hall with so many customers who agreed to service and holiday SMS, and nothing planned."""
    long_ago = at("2026-03-01T10:00")
    customers = [people.a_customer(phones, phone=f"138{n:08d}", at=long_ago, **other) for n in range(number)]
    async with database.transaction() as session:
        await audience.follow_halls(session, [people.a_hall()])
        await audience.follow_snapshots(session, customers)
        await calendar.look_after_calendar(session, NoticedDays(), Festivals(), now=OCTOBER)
    return customers


async def write(database: Database, *, now: datetime = OCTOBER, **changed: Any) -> list[Plan]:
    command = {
        "area": Area.everything(), "author": "ZZ0100", "message_class": "service", "occasion": "2026-11",
        "template": "service", "params": CONTENT, **changed,
    }  # fmt: skip
    async with database.transaction() as session:
        return await write_plans(session, WritePlans(**command), now=now)


async def approve(database: Database, plans: Sequence[Plan], by: str = "county") -> None:
    async with database.transaction() as session:
        for plan in plans:
            await decide_plan.approve_plan(session, plan.id, Area.everything(), by, now=OCTOBER)


async def lay_out(database: Database, now: datetime = OCTOBER) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await carry_out.lay_out_next(session, now=now)


async def give_turns(database: Database, now: datetime, chunk: int = 3) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await carry_out.give_turns(session, now=now, limit=chunk)


async def progress(database: Database, plan: Plan) -> Any:
    async with database.reading() as session:
        return (await repository.progress_of(session, [plan.id]))[plan.id]


async def test_a_month_is_spread_evenly_over_its_quiet_workdays(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 28)
    plans = await write(database)
    await approve(database, plans)
    await lay_out(database)
    days = Counter(entry.day for entry in await shelf.rows(PlanEntry))
    assert (min(days), max(days), len(days)) == (date(2026, 11, 6), date(2026, 11, 24), 13)
    assert set(days.values()) == {2, 3}
    (plan,) = await shelf.rows(Plan)
    assert plan.days == [day.isoformat() for day in sorted(days)]
    await lay_out(database)
    assert len(await shelf.rows(PlanEntry)) == 28


async def test_only_who_agreed_and_is_there_and_reachable_gets_a_turn(
    database: Database, phones: PhoneBook, shelf: Shelf, ears: Ears
) -> None:
    customers = await settle_in(database, phones, 5)
    await ears.hear(people.a_consent_change(customers[0].customer_id, "withdrawn"))
    await ears.hear(people.a_departure(customers[1].customer_id))
    async with database.transaction() as session:
        dead = Suppression(phone_index=customers[2].phone_index, reason="number-dead", at=OCTOBER)
        await suppression.suppress(session, dead)
    await approve(database, await write(database))
    await lay_out(database)
    assert {e.customer_id for e in await shelf.rows(PlanEntry)} == {c.customer_id for c in customers[3:]}


async def test_turns_become_messages_with_the_halls_content_once_each(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 8)
    (plan,) = await write(database)
    await approve(database, [plan])
    await lay_out(database)
    await give_turns(database, at("2026-11-05T12:00"))
    assert await shelf.messages() == []
    await give_turns(database, at("2026-11-10T12:00"))
    early = len(await shelf.messages())
    assert 0 < early < 8
    for _ in range(2):
        await give_turns(database, LAST)
    messages = await shelf.messages()
    assert {(m.status, m.plan_id, m.message_class, m.cap_month) for m in messages} == {
        ("queued", plan.id, "service", "2026-11")
    }
    assert {m.text for m in messages} == {
        "【资中大十字营业厅】您好！本周多雨，出行请带伞。（资中大十字营业厅发送）拒收请回复R"
    }
    assert len({m.customer_id for m in messages}) == len(messages) == 8
    now = await progress(database, plan)
    assert (now.planned, now.pending, now.sent) == (8, 8, 0)


async def test_who_comes_during_the_month_gets_one_of_the_days_left(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 2)
    await approve(database, await write(database))
    await lay_out(database)
    late = people.a_customer(phones, phone="13700000000", at=at("2026-11-16T09:00"))
    async with database.transaction() as session:
        await audience.follow_snapshots(session, [late])
    await lay_out(database, at("2026-11-17T00:10"))
    (entry,) = await shelf.rows(PlanEntry, PlanEntry.customer_id == late.customer_id)
    assert date(2026, 11, 18) <= entry.day <= date(2026, 11, 24)
    assert len(await shelf.rows(PlanEntry)) == 3


async def test_rules_are_looked_at_when_the_turn_comes_and_suppressed_is_counted_by_reason(
    database: Database, phones: PhoneBook, shelf: Shelf, ears: Ears
) -> None:
    customers = await settle_in(database, phones, 4)
    (plan,) = await write(database)
    await approve(database, [plan])
    await lay_out(database)
    await ears.hear(people.a_consent_change(customers[0].customer_id, "withdrawn"))
    await give_turns(database, LAST)
    await shelf.change(Message, Message.status == "queued", status="delivered")
    now = await progress(database, plan)
    assert (now.planned, now.sent, now.suppressed) == (4, 3, {"no-consent": 1})
    async with database.reading() as session:
        halls = await repository.halls_within(session, Area.everything())
        (month,) = await show_month(session, halls, "2026-11")
    assert (month.coverage["service"].agreed, month.coverage["service"].reached) == (3, 3)
    assert (month.coverage["holiday"].agreed, month.coverage["holiday"].uncovered) == (4, 4)


async def test_what_cannot_leave_within_its_month_is_not_sent_after_it(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 2)
    (plan,) = await write(database)
    await approve(database, [plan])
    await lay_out(database)
    await give_turns(database, at("2026-12-01T00:00"))
    assert [(m.status, m.reason) for m in await shelf.messages()] == [("expired", "deadline-passed")] * 2
    assert await shelf.slots() == []
    assert (await progress(database, plan)).suppressed == {"deadline-passed": 2}


async def test_a_cancelled_plan_gives_no_more_turns(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 4)
    (plan,) = await write(database)
    await approve(database, [plan])
    await lay_out(database)
    async with database.transaction() as session:
        await decide_plan.cancel_plan(session, plan.id, Area.everything())
    await give_turns(database, LAST)
    await lay_out(database, LAST)
    assert (await shelf.messages(), await shelf.rows(PlanEntry)) == ([], [])


async def test_festivals_of_the_coming_weeks_are_drafted_for_every_hall_and_approved_by_people(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 3)
    before = at("2026-09-20T04:15")
    for _ in range(2):
        async with database.transaction() as session:
            await carry_out.draft_greetings(session, now=before)
    drafts = sorted(await shelf.rows(Plan), key=lambda p: p.occasion)
    assert [(p.occasion, p.params["festival"], p.status) for p in drafts] == [
        ("2026-09-25", "中秋节", "draft"), ("2026-10-01", "国庆节", "draft"), ("2026-10-18", "重阳节", "draft"),
    ]  # fmt: skip
    await lay_out(database, at("2026-09-24T00:10"))
    assert await shelf.rows(PlanEntry) == []
    await approve(database, drafts[:1])
    await lay_out(database, at("2026-09-24T00:10"))
    await give_turns(database, at("2026-09-24T12:00"))
    assert await shelf.messages() == []
    await give_turns(database, at("2026-09-25T09:00"))
    messages = await shelf.messages()
    assert {(m.message_class, m.status, m.cap_pool) for m in messages} == {("holiday", "queued", "monthly")}
    assert messages[0].text.startswith("【资中大十字营业厅】中秋节到了，资中大十字营业厅全体营业员祝您")


async def test_content_must_fit_its_template_its_class_and_its_day(
    database: Database, phones: PhoneBook
) -> None:
    await settle_in(database, phones, 1)
    with pytest.raises(ParamsInvalid):
        await write(database, params={})
    with pytest.raises(PlanInvalid):
        await write(database, template="new_business")
    with pytest.raises(PlanInvalid):
        await write(database, occasion="2026-09")
    with pytest.raises(PlanInvalid):
        await write(
            database, message_class="holiday", occasion="2026-11-11", template="holiday", params={"wish": "x"}
        )
    await write(database)
    with pytest.raises(PlanExists):
        await write(database)


async def test_the_author_does_not_approve_and_an_approved_plan_is_not_changed(
    database: Database, phones: PhoneBook
) -> None:
    await settle_in(database, phones, 1)
    (plan,) = await write(database)
    with pytest.raises(PlanApproverIsAuthor):
        await approve(database, [plan], by="ZZ0100")
    await approve(database, [plan])
    async with database.transaction() as session:
        again = await repository.get_plan(session, plan.id, Area.everything())
        with pytest.raises(PlanState):
            await decide_plan.revise_plan(session, decide_plan.RevisePlan(again, "x", None, CONTENT))


async def test_turns_of_plans_long_past_are_dropped_and_their_messages_stay(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 3)
    (plan,) = await write(database)
    await approve(database, [plan])
    await lay_out(database)
    await give_turns(database, LAST)
    for now, left in ((LAST + timedelta(days=30), 3), (LAST + timedelta(days=90), 0)):
        async with database.transaction() as session:
            await carry_out.drop_old_entries(session, now=now, limit=100)
        assert len(await shelf.rows(PlanEntry)) == left
    assert (await progress(database, plan)).planned == 3


async def test_whoever_is_erased_waits_for_no_turn_and_is_told_the_turns_they_had(
    database: Database, phones: PhoneBook, shelf: Shelf, ears: Ears
) -> None:
    customers = await settle_in(database, phones, 2)
    await approve(database, await write(database))
    await lay_out(database)
    gone, stays = (c.customer_id for c in customers)
    async with database.transaction() as session:
        told = await repository.everything_about(session, gone)
        await repository.erase_customers(session, [gone])
    assert [t["occasion"] for t in told["planned_messages"]] == ["service:2026-11"]
    assert [e.customer_id for e in await shelf.rows(PlanEntry)] == [stays]


async def test_several_workers_at_once_give_everybody_one_turn_and_one_message(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 12)
    await approve(database, await write(database))
    await asyncio.gather(*(lay_out(database) for _ in range(3)))
    assert len(await shelf.rows(PlanEntry)) == 12
    await asyncio.gather(*(give_turns(database, LAST, chunk=2) for _ in range(4)))
    messages = await shelf.messages()
    assert len(messages) == len({m.customer_id for m in messages}) == len(await shelf.slots()) == 12


async def test_halls_with_other_busy_days_get_other_days_in_the_same_pass(
    database: Database, phones: PhoneBook, shelf: Shelf
) -> None:
    await settle_in(database, phones, 3)
    other = people.a_hall("ZZ02").model_copy(update={"busy_from_day": 10, "busy_to_day": 20})
    async with database.transaction() as session:
        await audience.follow_halls(session, [other])
        here = [people.a_customer(phones, phone=f"137{n:08d}", hall="ZZ02", at=OCTOBER) for n in range(3)]
        await audience.follow_snapshots(session, here)
    await approve(database, await write(database))
    await lay_out(database)
    by_hall = {plan.hall: plan.days for plan in await shelf.rows(Plan)}
    assert (by_hall["ZZ01"][0], by_hall["ZZ02"][0]) == ("2026-11-06", "2026-11-02")
    assert len(await shelf.rows(PlanEntry)) == 6
