"""New-business SMS to customers who came with an enquiry or a complaint (M4): settled well, or some days later."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.messaging.messages.models import Message
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.planning.usecases.recheck import release_held
from shared import clock
from shared.database import Database
from shared.events.complaints import (
    ComplaintClosed,
    ComplaintMerged,
    ComplaintOpened,
    ComplaintRated,
    ComplaintReopened,
)
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
TICKET = uuid4()


def facts(customer: UUID, version: int, cycle: int = 1) -> dict[str, Any]:
    at = clock.now()
    return {
        "ticket_id": TICKET, "number": "ZZ01-0001", "kind": "enquiry", "category": "tariff", "source": "counter",
        "customer_id": customer, "hall": "ZZ01", "county": "zizhong", "clerk": "ZZ0101", "cycle": cycle,
        "received_at": at, "occurred_at": at, "version": version,
    }  # fmt: skip


def opened(customer: UUID) -> ComplaintOpened:
    return ComplaintOpened(**facts(customer, 1))


def rated(customer: UUID, *, good: bool, version: int = 3) -> ComplaintRated:
    return ComplaintRated(**facts(customer, version), rated_at=clock.now(), score=5 if good else 2, good=good)


def closed(
    customer: UUID, *, ago: timedelta = timedelta(0), version: int = 4, cycle: int = 1
) -> ComplaintClosed:
    return ComplaintClosed(**facts(customer, version, cycle), closed_at=clock.now() - ago, reason="settled")


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones, agreed=["archive", "marketing_sms"])
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


async def advertise(database: Database, customer: UUID, at: datetime | None = None) -> Message:
    intent = Intent(
        "new_business", "marketing", f"test:{uuid4()}", customer_id=customer, params={"content": "x"}
    )
    async with database.transaction() as session:
        (message,) = await plan_messages(session, [intent], now=at or clock.now())
    return message


async def test_a_good_rating_lets_the_customer_be_written_to_as_soon_as_the_ticket_is_closed(
    database: Database, ears: Ears, customer: UUID
) -> None:
    await ears.hear(opened(customer), rated(customer, good=True))
    assert (await advertise(database, customer)).reason == "complaint-open"
    await ears.hear(closed(customer))
    assert (await advertise(database, customer)).reason is None


@pytest.mark.parametrize(("days", "reason"), [(6, "complaint-recent"), (8, None)])
async def test_without_a_good_rating_some_days_must_pass(
    database: Database, ears: Ears, customer: UUID, days: int, reason: str | None
) -> None:
    await ears.hear(opened(customer), closed(customer, ago=timedelta(days=days)))
    assert (await advertise(database, customer)).reason == reason


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_opening_rating_and_closing_may_come_in_any_order(
    database: Database, ears: Ears, customer: UUID, order: Sequence[int]
) -> None:
    events = [opened(customer), rated(customer, good=True), closed(customer)]
    for number in order:
        await ears.hear(events[number])
    assert (await advertise(database, customer)).reason is None


async def test_a_rating_of_an_earlier_cycle_does_not_settle_the_next(
    database: Database, ears: Ears, customer: UUID
) -> None:
    await ears.hear(opened(customer), rated(customer, good=True), closed(customer))
    again = ComplaintReopened(**facts(customer, 5, 2), reopened_at=clock.now(), reason="repeat")
    await ears.hear(again, closed(customer, version=6, cycle=2))
    assert (await advertise(database, customer)).reason == "complaint-recent"


async def test_a_merged_ticket_keeps_nobody_waiting(database: Database, ears: Ears, customer: UUID) -> None:
    merged = ComplaintMerged(
        **facts(customer, 2), merged_at=clock.now(), into_ticket_id=uuid4(), into_number="ZZ01-0002"
    )
    await ears.hear(opened(customer), merged)
    assert (await advertise(database, customer)).reason is None


async def test_service_sms_do_not_wait_for_tickets(database: Database, ears: Ears, customer: UUID) -> None:
    await ears.hear(opened(customer), people.a_consent_change(customer, "granted"))
    intent = Intent("service", "service", "test", customer_id=customer, params={"content": "雨"})
    async with database.transaction() as session:
        (message,) = await plan_messages(session, [intent], now=clock.now())
    assert message.reason is None


async def test_a_complaint_that_comes_while_advertising_is_held_keeps_it_back_at_release(
    database: Database, ears: Ears, shelf: Shelf, customer: UUID
) -> None:
    message = await advertise(database, customer)
    await shelf.change(Message, status="held", send_at=clock.now())
    await ears.hear(opened(customer))
    async with database.transaction() as session:
        await release_held(session, now=clock.now() + timedelta(seconds=1), limit=10)
    kept = await shelf.message(message.id)
    assert (kept.status, kept.reason) == ("suppressed", "complaint-open")
    assert await shelf.slots() == []
