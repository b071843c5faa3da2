"""Receipts in any order, any number of times, early, late and for nobody: the same end."""

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest

from services.messaging.dispatch import usecases as dispatch
from services.messaging.dispatch.ports import Receipt, Submitted, Unreadable
from services.messaging.dispatch.usecases import ClaimMessages, Result
from services.messaging.messages.models import Message
from services.messaging.receipts import usecases
from services.messaging.receipts.models import GatewayInbox
from shared import clock
from shared.database import Database
from shared.events.messaging import SmsAccepted, SmsDelivered, SmsFailed
from shared.ids import uuid7
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

START = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.fixture
async def claimed(database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook) -> Message:
    """A message handed to a dispatcher, its submission not yet recorded."""
    await ears.hear(people.a_hall(), people.a_customer(phones))
    command = ClaimMessages("simulator", uuid7(), timedelta(seconds=30), 10, None)
    async with database.transaction() as session:
        await dispatch.claim_messages(session, command, now=clock.now())
    return await shelf.message()


async def record(database: Database, message: Message, submitted: Submitted) -> None:
    assert message.lease_token is not None
    result = Result(message.id, message.attempts, submitted, clock.now())
    async with database.transaction() as session:
        await dispatch.record_results(session, "simulator", message.lease_token, [result], now=clock.now())


async def post(database: Database, *receipts: Receipt | Unreadable) -> None:
    """Each in a callback of its own, then applied."""
    for receipt in receipts:
        async with database.transaction() as session:
            await usecases.store_receipts(session, "simulator", [receipt], now=clock.now())
        async with database.transaction() as session:
            await usecases.apply_receipts(session, now=clock.now(), limit=100)


async def match_parked(database: Database) -> None:
    async with database.transaction() as session:
        await usecases.match_parked(session, now=clock.now())
        await usecases.apply_receipts(session, now=clock.now(), limit=10_000)


def receipts_about(message_id: UUID) -> list[Receipt]:
    return [
        Receipt("accepted", START, message_id=message_id),
        Receipt("failed", START + timedelta(seconds=1), message_id=message_id, segment=1, segments=2),
        Receipt("delivered", START + timedelta(seconds=2), message_id=message_id, segment=1, segments=2),
        Receipt("delivered", START + timedelta(seconds=3), message_id=message_id, segment=2, segments=2),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
async def test_any_order_with_doubles_ends_the_same(
    database: Database, claimed: Message, shelf: Shelf, order: tuple[int, ...]
) -> None:
    receipts = receipts_about(claimed.id)
    doubled = [receipts[index] for index in (*order, *order)]
    await post(database, *doubled[:5])
    await record(database, claimed, Submitted("accepted"))
    await post(database, *doubled[5:])
    message = await shelf.message()
    assert (message.status, message.delivered_at) == ("delivered", START + timedelta(seconds=3))


@pytest.mark.both_databases
async def test_a_shuffled_batch_in_one_callback_ends_the_same(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    for seed in range(5):
        receipts = receipts_about(claimed.id) * 2
        random.Random(seed).shuffle(receipts)
        async with database.transaction() as session:
            await usecases.store_receipts(session, "simulator", receipts, now=clock.now())
            await usecases.apply_receipts(session, now=clock.now(), limit=100)
    assert (await shelf.message()).status == "delivered"
    assert len(await shelf.said(SmsDelivered)) == 1


@pytest.mark.both_databases
async def test_a_receipt_before_the_submission_is_recorded_counts_and_is_not_undone(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    await post(database, Receipt("delivered", START, message_id=claimed.id))
    await record(database, claimed, Submitted("accepted"))
    assert (await shelf.message()).status == "delivered"
    assert await shelf.said(SmsAccepted) == []


async def test_a_receipt_settles_what_was_unknown(database: Database, claimed: Message, shelf: Shelf) -> None:
    await record(database, claimed, Submitted("unknown", code="ReadTimeout"))
    await post(database, Receipt("delivered", START, message_id=claimed.id))
    message = await shelf.message()
    assert (message.status, message.unknown_since) == ("delivered", None)


async def test_a_failed_receipt_keeps_the_slot(database: Database, claimed: Message, shelf: Shelf) -> None:
    await record(database, claimed, Submitted("accepted"))
    await post(database, Receipt("failed", START, message_id=claimed.id, code="UNDELIV"))
    assert [(e.reason, e.was_accepted) for e in await shelf.said(SmsFailed)] == [("UNDELIV", True)]
    assert len(await shelf.slots()) == 1


@pytest.mark.both_databases
async def test_parts_with_ids_of_their_own_add_up_to_the_message(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    await post(database, Receipt("delivered", START, gateway_message_id="p-3"))
    await record(
        database, claimed, Submitted("accepted", gateway_message_id="p-1", parts=("p-1", "p-2", "p-3"))
    )
    await match_parked(database)
    await post(database, Receipt("delivered", START, gateway_message_id="p-1"))
    assert (await shelf.message()).status == "accepted"
    await post(database, Receipt("delivered", START, gateway_message_id="p-2"))
    message = await shelf.message()
    assert (message.status, message.gateway_message_id) == ("delivered", "p-1")
    assert len(await shelf.said(SmsAccepted)) == 1


@pytest.mark.both_databases
async def test_one_failed_part_fails_the_message(database: Database, claimed: Message, shelf: Shelf) -> None:
    await record(database, claimed, Submitted("accepted", gateway_message_id="p-1", parts=("p-1", "p-2")))
    await post(database, Receipt("delivered", START, gateway_message_id="p-1"))
    await post(database, Receipt("failed", START, gateway_message_id="p-2", code="EXPIRED"))
    assert (await shelf.message()).status == "failed"


@pytest.mark.both_databases
async def test_a_receipt_by_the_gateways_id_waits_until_that_id_is_known(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    await post(database, Receipt("delivered", START, gateway_message_id="g-1"))
    assert [row.state for row in await shelf.rows(GatewayInbox)] == ["parked"]
    await record(database, claimed, Submitted("accepted", gateway_message_id="g-1"))
    await match_parked(database)
    assert (await shelf.message()).status == "delivered"
    assert [row.state for row in await shelf.rows(GatewayInbox)] == ["applied"]


async def test_a_receipt_for_nobody_stays_parked(database: Database, claimed: Message, shelf: Shelf) -> None:
    await post(database, Receipt("delivered", START, message_id=uuid4()))
    await match_parked(database)
    assert [row.state for row in await shelf.rows(GatewayInbox)] == ["parked"]
    assert (await shelf.message()).status == "submitting"


async def test_a_bad_element_does_not_spoil_the_batch(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    batch: list[Receipt | Unreadable] = [
        Unreadable("fields refused: at"),
        Receipt("delivered", START, message_id=claimed.id),
    ]
    async with database.transaction() as session:
        await usecases.store_receipts(session, "simulator", batch, now=clock.now())
        await usecases.apply_receipts(session, now=clock.now(), limit=100)
    assert (await shelf.message()).status == "delivered"
    assert sorted(row.state for row in await shelf.rows(GatewayInbox)) == ["applied", "unreadable"]


@pytest.mark.both_databases
async def test_a_burst_of_receipts_is_applied_without_loss(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    burst = [
        Receipt("accepted", START, message_id=claimed.id, segment=n, segments=2_000) for n in range(1, 2_001)
    ]
    for start in range(0, len(burst), 500):
        async with database.transaction() as session:
            await usecases.store_receipts(session, "simulator", burst[start : start + 500], now=clock.now())
    applied = 0
    while True:
        async with database.transaction() as session:
            count = await usecases.apply_receipts(session, now=clock.now(), limit=500)
        applied += count
        if not count:
            break
    assert applied == 2_000
    assert (await shelf.message()).status == "accepted"


@pytest.mark.both_databases
async def test_every_order_and_any_doubles_of_parts_early_and_orphan_receipts_end_the_same(
    database: Database, ears: Ears, phones: PhoneBook, shelf: Shelf
) -> None:
    """A2-10, A2-11, A2-12: one message for each order, all of them end alike."""
    orders = list(permutations(range(6)))[::17]
    dice = random.Random(11)
    await ears.hear(people.a_hall())
    await ears.hear(*(people.a_customer(phones, phone=f"139{number:08d}") for number in range(len(orders))))
    command = ClaimMessages("simulator", uuid7(), timedelta(seconds=30), 1000, None)
    async with database.transaction() as session:
        await dispatch.claim_messages(session, command, now=clock.now())
    messages = await shelf.messages()
    for message, order in zip(messages, orders, strict=True):
        for step in order:
            for _ in range(dice.choice((1, 1, 2))):
                await take_step(database, message, step)
    await match_parked(database)
    ends = {(m.status, m.delivered_at, m.gateway_code, m.failure, m.reason) for m in await shelf.messages()}
    assert ends == {("delivered", START + timedelta(seconds=4), "DELIVRD", None, None)}
    said = [event.message_id for event in await shelf.said(SmsDelivered)]
    assert sorted(said) == sorted(message.id for message in messages)


async def take_step(database: Database, message: Message, step: int) -> None:
    """The submission's record, or one of five receipts about the message or about nobody."""
    first, second = f"{message.id}-1", f"{message.id}-2"
    if step == 0:
        return await record(
            database, message, Submitted("accepted", gateway_message_id=first, parts=(first, second))
        )
    receipts = [
        Receipt("accepted", START + timedelta(seconds=1), message_id=message.id, code="ACCEPTD"),
        Receipt(
            "failed",
            START + timedelta(seconds=2),
            gateway_message_id=first,
            code="EXPIRED",
            failure="unreachable",
        ),
        Receipt("delivered", START + timedelta(seconds=3), gateway_message_id=first, code="DELIVRD"),
        Receipt("delivered", START + timedelta(seconds=4), gateway_message_id=second, code="DELIVRD"),
        Receipt("delivered", START, gateway_message_id=f"orphan-{message.id}", code="DELIVRD"),
    ]
    await post(database, receipts[step - 1])
    return None


async def test_orphans_stay_parked_and_are_looked_at_again_less_and_less(
    database: Database, claimed: Message, shelf: Shelf
) -> None:
    await post(database, Receipt("delivered", START, gateway_message_id="g-1"))
    await shelf.change(GatewayInbox, received_at=clock.now() - timedelta(hours=2))
    async with database.transaction() as session:
        await usecases.match_parked(session, now=clock.now(), age=usecases.FRESH)
    assert [row.state for row in await shelf.rows(GatewayInbox)] == ["parked"]
    async with database.transaction() as session:
        await usecases.match_parked(session, now=clock.now())
    assert [row.state for row in await shelf.rows(GatewayInbox)] == ["waiting"]
