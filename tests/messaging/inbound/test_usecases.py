"""Acting on replies."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.messaging.budget.models import ClassRule
from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Inbound
from services.messaging.inbound.models import Reply
from services.messaging.inbound.usecases import take_replies
from services.messaging.messages.models import Message
from services.messaging.planning.usecases.plan_messages import Intent, plan_messages
from services.messaging.receipts.usecases import store_inbound
from shared import clock
from shared.events.messaging import SmsActivationDenied, SmsEnquiryReceived, SmsOptedOut, SmsSuppressed
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones, at=datetime.now(UTC) - timedelta(hours=1))
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


async def reply(
    runtime: Runtime, text: str, *, phone: str = "13900001234", inbound_id: str | None = None
) -> None:
    inbound = Inbound(inbound_id or uuid4().hex, phone, "106575", text, clock.now())
    async with runtime.database.transaction() as session:
        await store_inbound(session, "simulator", [inbound], runtime.phones, now=clock.now())
        await take_replies(session, now=clock.now(), limit=10)


@pytest.mark.both_databases
async def test_an_opt_out_stops_everything_queued_and_is_acknowledged_once(
    runtime: Runtime, customer: UUID, shelf: Shelf, phones: PhoneBook
) -> None:
    async with runtime.database.transaction() as session:
        intents = [
            Intent(template="service", message_class="service", cause=f"request:{n}", customer_id=customer,
                   params={"content": "天气"})
            for n in range(2)
        ]  # fmt: skip
        await plan_messages(session, intents, now=clock.now())
    for _ in range(2):
        await reply(runtime, "ＴＤ", inbound_id="the-same")
    by_class = [(m.message_class, m.status, m.reason) for m in await shelf.messages()]
    assert by_class == [
        ("intro", "suppressed", "opted-out"),
        ("service", "suppressed", "opted-out"),
        ("service", "suppressed", "cap-reached"),
        ("ack", "queued", None),
    ]
    (said,) = await shelf.said(SmsOptedOut)
    assert (said.keyword, said.customer_id, said.hall) == ("TD", customer, "ZZ01")
    assert said.purposes == ("service_sms", "holiday_sms", "marketing_sms")
    assert await shelf.slots() == []


async def test_the_acknowledgement_leaves_although_the_number_is_suppressed(
    runtime: Runtime, customer: UUID, gateway: FakeGateway, shelf: Shelf
) -> None:
    await reply(runtime, "R")
    await Dispatcher(runtime, "simulator", gateway).step()
    (ack,) = await shelf.messages(Message.message_class == "ack")
    assert ack.status == "accepted"
    assert list(gateway.given) == [ack.id]


async def test_after_an_opt_out_nothing_is_planned_until_the_customer_agrees_again(
    runtime: Runtime, customer: UUID, ears: Ears, shelf: Shelf
) -> None:
    await reply(runtime, "退订")

    async def ask(number: int) -> str:
        intent = Intent(
            template="service", message_class="service", cause=f"request:{number}", customer_id=customer,
            params={"content": "天气"},
        )  # fmt: skip
        async with runtime.database.transaction() as session:
            (message,) = await plan_messages(session, [intent], now=clock.now())
        return message.reason or message.status

    assert await ask(1) == "opted-out"
    await ears.hear(people.a_consent_change(customer, "withdrawn", version=2))
    assert await ask(2) == "opted-out"
    await ears.hear(
        people.a_consent_change(customer, "granted", version=3, at=clock.now() + timedelta(seconds=1))
    )
    assert await ask(3) == "queued"
    assert len(await shelf.said(SmsSuppressed)) == 3


@pytest.mark.both_databases
async def test_three_are_queued_the_customer_writes_an_opt_out_and_none_leaves(
    runtime: Runtime, customer: UUID, gateway: FakeGateway, shelf: Shelf
) -> None:
    await shelf.change(ClassRule, cap=3)
    intents = [
        Intent(template="service", message_class="service", cause=f"request:{n}", customer_id=customer,
               params={"content": "天气"})
        for n in range(2)
    ]  # fmt: skip
    async with runtime.database.transaction() as session:
        await plan_messages(session, intents, now=clock.now())
    assert await shelf.statuses() == ["queued"] * 3
    await reply(runtime, "退订")
    await Dispatcher(runtime, "simulator", gateway).step()
    (ack,) = await shelf.messages(Message.message_class == "ack")
    assert list(gateway.given) == [ack.id]


@pytest.mark.both_databases
async def test_an_opt_out_that_comes_twice_under_two_names_is_acknowledged_once(
    runtime: Runtime, customer: UUID, ears: Ears, shelf: Shelf
) -> None:
    for phone in ("13900001234", "13700001111"):
        for word in ("TD", "ｔｄ。"):
            await reply(runtime, word, phone=phone)
    await ears.hear(people.a_consent_change(customer, "withdrawn", version=2))
    await reply(runtime, "TD")
    assert len(await shelf.messages(Message.message_class == "ack")) == 2
    again = people.a_consent_change(customer, "granted", version=3, at=clock.now() + timedelta(seconds=1))
    await ears.hear(again)
    await reply(runtime, "TD")
    assert len(await shelf.messages(Message.message_class == "ack")) == 3


async def test_other_words_are_an_enquiry_for_the_customers_hall(
    runtime: Runtime, customer: UUID, shelf: Shelf
) -> None:
    await reply(runtime, "请问宽带怎么办理？电话13911112222")
    (said,) = await shelf.said(SmsEnquiryReceived)
    assert (said.customer_id, said.hall, said.text) == (customer, "ZZ01", "请问宽带怎么办理？电话139********")
    assert runtime.phones.open(said.phone_enc) == "+8613900001234"


async def test_an_unknown_senders_words_are_kept_and_said_without_a_hall(
    runtime: Runtime, shelf: Shelf
) -> None:
    await reply(runtime, "你们几点开门？", phone="13700001111")
    (said,) = await shelf.said(SmsEnquiryReceived)
    assert (said.customer_id, said.hall, said.phone_masked) == (None, None, "137********")
    assert [row.kind for row in await shelf.rows(Reply)] == ["enquiry"]


@pytest.mark.both_databases
async def test_not_me_denies_the_activation_that_was_just_confirmed(
    runtime: Runtime, customer: UUID, ears: Ears, gateway: FakeGateway, shelf: Shelf
) -> None:
    activation = people.an_activation(customer)
    await Dispatcher(runtime, "simulator", gateway).step()
    await ears.hear(activation)
    await Dispatcher(runtime, "simulator", gateway).step()
    await reply(runtime, "不是我")
    (said,) = await shelf.said(SmsActivationDenied)
    assert (said.activation_id, said.customer_id) == (activation.activation_id, customer)
