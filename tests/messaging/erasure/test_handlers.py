"""Who is purged leaves outcomes and slots behind, and nothing that tells who it was; nobody comes back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.messaging.audience.models import Customer
from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Inbound
from services.messaging.inbound.models import Reply
from services.messaging.inbound.usecases import take_replies
from services.messaging.messages import usecases as messages
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.receipts.models import GatewayInbox
from services.messaging.receipts.usecases import store_inbound
from services.messaging.suppression.models import Suppression
from shared import clock
from shared.events.customer import CustomerUpdated
from shared.events.messaging import SmsSuppressed
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
PHONE = "13900001234"


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones, phone=PHONE, at=datetime.now(UTC) - timedelta(hours=1))
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


async def writes_back(runtime: Runtime, text: str, phone: str = PHONE) -> None:
    inbound = Inbound(uuid4().hex, phone, "106575", text, clock.now())
    async with runtime.database.transaction() as session:
        await store_inbound(session, "simulator", [inbound], runtime.phones, now=clock.now())
        await take_replies(session, now=clock.now(), limit=10)


async def plan(runtime: Runtime, customer: UUID) -> None:
    intent = Intent(
        template="service", message_class="service", cause="request:1", customer_id=customer,
        params={"content": "李锐您好"},
    )  # fmt: skip
    async with runtime.database.transaction() as session:
        await plan_messages(session, [intent], now=clock.now())


async def test_what_waits_is_stopped_and_forgotten_and_what_was_sent_keeps_its_content_until_retention(
    runtime: Runtime, customer: UUID, ears: Ears, shelf: Shelf, gateway: FakeGateway
) -> None:
    await Dispatcher(runtime, "simulator", gateway).step()
    await plan(runtime, customer)
    await ears.hear(people.a_purge(customer))
    by_class = {message.message_class: message for message in await shelf.messages()}
    sent, stopped = by_class["intro"], by_class["service"]
    assert (sent.status, bool(sent.text), bool(sent.phone_enc)) == ("accepted", True, True)
    assert (stopped.status, stopped.reason) == ("suppressed", "left-network")
    blank = (stopped.text, stopped.params, stopped.phone_enc, stopped.phone_index, stopped.phone_masked)
    assert blank == ("", {}, None, None, None)
    assert [event.reason for event in await shelf.said(SmsSuppressed)] == ["left-network"]
    async with runtime.database.transaction() as session:
        later = clock.now() + timedelta(days=1)
        await messages.forget_old_content(session, before=later, limit=10)
    assert {(m.text, m.phone_enc, m.phone_index) for m in await shelf.messages()} == {("", None, None)}


async def test_replies_inbox_and_suppressed_numbers_go_and_that_they_were_stays(
    runtime: Runtime, customer: UUID, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await writes_back(runtime, "我是李锐，请问怎么办宽带")
    await writes_back(runtime, "TD")
    await writes_back(runtime, "几点开门", phone="13700001111")
    await ears.hear(people.a_purge(customer))
    replies = await shelf.rows(Reply)
    assert sorted((r.kind, r.text, r.phone_index is None) for r in replies) == [
        ("enquiry", "", True), ("enquiry", "几点开门", False), ("opt_out", "", True),
    ]  # fmt: skip
    assert await shelf.rows(Suppression) == []
    assert sorted(len(row.payload) > 0 for row in await shelf.rows(GatewayInbox)) == [False, False, True]
    (stranger,) = [row.payload for row in await shelf.rows(GatewayInbox) if row.payload]
    assert stranger["index"] == phones.index("13700001111")


async def test_the_numbers_new_holder_keeps_what_is_theirs(
    runtime: Runtime, customer: UUID, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_departure(customer), people.a_customer(phones, phone=PHONE))
    await writes_back(runtime, "TD")
    await ears.hear(people.a_purge(customer))
    assert len(await shelf.rows(Suppression)) == 1
    assert [reply.text for reply in await shelf.rows(Reply)] == ["TD"]


async def test_late_events_bring_nobody_back_and_the_same_purge_twice_is_one(
    runtime: Runtime, customer: UUID, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    purge = people.a_purge(customer, version=9)
    again = people.a_customer(phones, customer_id=customer, phone=PHONE, version=7)
    update = CustomerUpdated.model_validate(again.model_dump(exclude={"origin"}))
    await ears.hear(purge, update, purge, people.a_consent_change(customer, "granted", version=8))
    await ears.hear(
        people.a_complaint(customer), people.a_resolution(customer), people.an_activation(customer)
    )
    (row,) = await shelf.rows(Customer)
    assert (row.status, row.phone_enc, row.phone_index, row.phone_masked) == ("purged", None, None, None)
    assert {(m.phone_enc, m.phone_index) for m in await shelf.messages()} == {(None, None)}
    assert set(await shelf.statuses()) == {"suppressed"}
