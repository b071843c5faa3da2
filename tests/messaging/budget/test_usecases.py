"""The cap under races: many intents at once, several connections, exactly the cap."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.messaging.budget import usecases
from services.messaging.budget.models import CapSlot, ClassRule
from services.messaging.budget.rules import Free, Refused, Rulebook
from services.messaging.budget.usecases import Want
from shared.database import Database, insert_rows
from shared.ids import uuid7
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import MORNING, Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases


async def rules_of(shelf: Shelf) -> Rulebook[ClassRule]:
    return Rulebook(await shelf.rows(ClassRule))


async def test_two_hundred_intents_at_once_take_exactly_two_slots(
    database: Database, database_url: str, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    await ears.hear(people.a_hall(), customer)
    rules, others = (
        await rules_of(shelf),
        [database, Database(database_url, "messaging"), Database(database_url, "messaging")],
    )

    async def intend(number: int) -> object:
        want = Want(uuid7(), customer.customer_id, ("service", "holiday")[number % 2], MORNING)
        async with others[number % len(others)].transaction() as session:
            return (await usecases.reserve_slots(session, [want], rules, now=MORNING))[want.message_id]

    answers = await asyncio.gather(*(intend(number) for number in range(200)))
    for other in others[1:]:
        await other.close()
    assert sum(isinstance(answer, Free) for answer in answers) == 2
    assert {answer.reason for answer in answers if isinstance(answer, Refused)} == {"cap-reached"}
    assert sorted(slot.slot_no for slot in await shelf.slots()) == [1, 2]


async def test_the_key_keeps_the_cap_even_without_the_customers_row(
    database: Database, shelf: Shelf, phones: PhoneBook
) -> None:
    nobody, rules = uuid7(), await rules_of(shelf)

    async def intend() -> None:
        async with database.transaction() as session:
            await usecases.reserve_slots(
                session, [Want(uuid7(), nobody, "service", MORNING)], rules, now=MORNING
            )

    await asyncio.gather(*(intend() for _ in range(20)))
    assert len(await shelf.slots()) == 2


async def test_one_call_gives_the_last_slot_to_the_first_in_line(database: Database, shelf: Shelf) -> None:
    customer, rules = uuid7(), await rules_of(shelf)
    wants = [Want(uuid7(), customer, "service", MORNING) for _ in range(3)]
    async with database.transaction() as session:
        answers = await usecases.reserve_slots(session, wants, rules, now=MORNING)
    assert [isinstance(answers[want.message_id], Free) for want in wants] == [True, True, False]


async def test_the_last_slot_goes_to_service_before_introduction_holiday_and_advertising(
    database: Database, shelf: Shelf
) -> None:
    customer, book = uuid7(), await rules_of(shelf)
    asked = ("marketing", "holiday", "intro", "service")
    wants = {kind: Want(uuid7(), customer, kind, MORNING) for kind in asked}
    async with database.transaction() as session:
        answers = await usecases.reserve_slots(session, list(wants.values()), book, now=MORNING)
    won = [kind for kind in asked if isinstance(answers[wants[kind].message_id], Free)]
    assert won == ["intro", "service"]


async def test_a_slot_once_taken_is_not_lost_to_a_more_important_message(
    database: Database, shelf: Shelf
) -> None:
    customer, book = uuid7(), await rules_of(shelf)
    first = [Want(uuid7(), customer, "holiday", MORNING) for _ in range(2)]
    later = Want(uuid7(), customer, "service", MORNING)
    async with database.transaction() as session:
        await usecases.reserve_slots(session, first, book, now=MORNING)
    async with database.transaction() as session:
        answers = await usecases.reserve_slots(session, [later], book, now=MORNING)
    assert isinstance(answers[later.message_id], Refused)
    assert {slot.message_class for slot in await shelf.slots()} == {"holiday"}


async def test_what_is_sent_tomorrow_keeps_tomorrows_cap(database: Database, shelf: Shelf) -> None:
    customer, tomorrow = uuid7(), MORNING + timedelta(days=1)
    (today,) = [r for r in await shelf.rows(ClassRule) if r.message_class == "service"]
    stricter = {**today.model_dump(), "effective_from": tomorrow.date(), "cap": 1}
    async with database.transaction() as session:
        await insert_rows(session, ClassRule, [stricter])
    book = await rules_of(shelf)
    wants = [Want(uuid7(), customer, "service", moment) for moment in (tomorrow, tomorrow, MORNING)]
    async with database.transaction() as session:
        answers = await usecases.reserve_slots(session, wants, book, now=MORNING)
    assert [isinstance(answers[want.message_id], Free) for want in wants] == [True, False, True]


async def test_a_released_slot_is_free_again(database: Database, shelf: Shelf) -> None:
    customer, rules, first = uuid7(), await rules_of(shelf), uuid7()
    async with database.transaction() as session:
        await usecases.reserve_slots(session, [Want(first, customer, "service", MORNING)], rules, now=MORNING)
        await usecases.release_slots(session, [first])
    assert await shelf.slots() == []


async def test_the_gap_holds_under_races(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    await ears.hear(people.a_hall(), customer)
    async with database.transaction() as session:
        spaced = {
            "pool": "monthly",
            "cap": 9,
            "min_gap_days": 5,
            "keeps_hall_hours": True,
            "patience_minutes": 1,
        }
        later = {
            "message_class": "service",
            "effective_from": MORNING.date(),
            "sends_from": 0,
            "sends_until": 1440,
        }
        await insert_rows(session, ClassRule, [{**spaced, **later}])
    rules = await rules_of(shelf)

    async def intend(number: int) -> None:
        want = Want(uuid7(), customer.customer_id, "service", MORNING + timedelta(days=number % 4))
        async with database.transaction() as session:
            await usecases.reserve_slots(session, [want], rules, now=MORNING)

    await asyncio.gather(*(intend(number) for number in range(40)))
    assert len(await shelf.slots()) == 1


async def test_a_slot_belongs_to_one_message(database: Database) -> None:
    message: UUID = uuid7()
    slot = CapSlot(
        customer_id=uuid7(), pool="monthly", month="2026-11", slot_no=1, message_id=message, message_class="service",
        day=MORNING.date(), taken_at=MORNING,
    )  # fmt: skip
    with pytest.raises(Exception, match=r"(?i)unique"):
        async with database.transaction() as session:
            await insert_rows(session, CapSlot, [slot, CapSlot(**{**slot.model_dump(), "slot_no": 2})])
