"""Releases, misses, and messages somebody asks for."""

from datetime import time, timedelta

import pytest

from services.messaging.audience.models import Hall
from services.messaging.messages.models import Message
from services.messaging.planning.usecases import introduce
from services.messaging.planning.usecases.recheck import release_held
from shared import clock
from shared.database import Database
from shared.events.messaging import SmsIntroMissed, SmsSuppressed
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf


async def hold_one(ears: Ears, shelf: Shelf, phones: PhoneBook, *, phone: str = "13900001234") -> Message:
    """An introduction held until now."""
    customer = people.a_customer(phones, phone=phone)
    await ears.hear(people.a_hall(), customer)
    where = Message.customer_id == customer.customer_id
    await shelf.change(Message, where, status="held", send_at=clock.now() - timedelta(seconds=1))
    (message,) = await shelf.messages(where)
    return message


async def release(database: Database) -> int:
    async with database.transaction() as session:
        return await release_held(session, now=clock.now(), limit=100)


async def look_for_misses(database: Database, days: int) -> None:
    async with database.transaction() as session:
        await introduce.miss_overdue(session, now=clock.now() + timedelta(days=days), limit=100)


@pytest.mark.both_databases
async def test_a_held_message_is_queued_when_its_hour_has_come(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await hold_one(ears, shelf, phones)
    assert await release(database) == 1
    assert await shelf.statuses() == ["queued"]
    assert await release(database) == 0


async def test_a_message_whose_hour_is_quiet_by_now_is_held_again(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await hold_one(ears, shelf, phones)
    later = (clock.now() + timedelta(hours=2)).astimezone(clock.SHANGHAI)
    starts = later.hour * 60
    await shelf.change(Hall, sms_from=starts, sms_until=starts + 30)
    await release(database)
    message = await shelf.message()
    assert message.status == "held"
    assert message.send_at > clock.now() + timedelta(minutes=50)


async def test_an_opt_out_between_holding_and_release_cancels(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    message = await hold_one(ears, shelf, phones)
    assert message.customer_id is not None
    await ears.hear(people.a_consent_change(message.customer_id, "withdrawn"))
    assert await release(database) == 0
    assert [e.reason for e in await shelf.said(SmsSuppressed)] == ["no-consent"]


@pytest.mark.both_databases
async def test_a_hall_unknown_at_first_holds_the_intent_until_it_is_known(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_customer(phones))
    assert await shelf.statuses() == ["planned"]
    await ears.hear(people.a_hall())
    assert await shelf.statuses() == ["queued"]


@pytest.mark.both_databases
async def test_an_intent_nobody_completes_is_given_up(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_customer(phones))
    async with database.transaction() as session:
        now = clock.now() + timedelta(days=2)
        await introduce.give_up_planned(session, before=clock.now() + timedelta(days=1), now=now, limit=10)
    assert [(m.status, m.reason) for m in await shelf.messages()] == [("suppressed", "not-archived")]


@pytest.mark.both_databases
async def test_a_missed_deadline_is_said_once_with_its_cause_and_ends_the_message(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))
    for _ in range(3):
        await look_for_misses(database, days=8)
    assert [event.cause for event in await shelf.said(SmsIntroMissed)] == ["gateway"]
    assert await shelf.statuses() == ["expired"]
    assert await shelf.slots() == []


async def test_a_withdrawn_consent_is_the_cause_of_its_miss(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    await ears.hear(people.a_consent_change(customer.customer_id, "withdrawn"))
    await look_for_misses(database, days=8)
    assert [event.cause for event in await shelf.said(SmsIntroMissed)] == ["no-consent"]


@pytest.mark.parametrize("status", ["accepted", "delivered", "submitting", "unknown"])
async def test_what_was_sent_or_may_have_been_is_no_miss(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook, status: str
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))
    await shelf.change(Message, status=status, submitted_at=clock.now())
    await look_for_misses(database, days=8)
    assert await shelf.said(SmsIntroMissed) == []


async def test_a_deadline_that_has_not_come_is_no_miss(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))
    await look_for_misses(database, days=6)
    assert await shelf.statuses() == ["queued"]


async def test_a_hall_with_hours_over_midnight_may_send_at_night(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    local = clock.now().astimezone(clock.SHANGHAI)
    before = time((local.hour - 1) % 24), time((local.hour + 2) % 24)
    await ears.hear(people.a_hall(sms_from=before[0], sms_until=before[1]), people.a_customer(phones))
    assert await shelf.statuses() == ["queued"]
