"""From what other services say to messages: once, in any order, with consent or not at all."""

from datetime import UTC, datetime, time, timedelta
from itertools import permutations
from uuid import uuid4

import pytest

from services.messaging.audience.models import Customer
from shared import clock
from shared.events.customer import CustomerReassigned, CustomerTierChanged
from shared.events.messaging import SmsSuppressed
from shared.ids import uuid7
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf


@pytest.mark.both_databases
async def test_a_registration_plans_one_signed_introduction(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    message = await shelf.message()
    assert (message.status, message.message_class) == ("queued", "intro")
    assert message.text.startswith("【资中大十字营业厅】")
    assert message.text.endswith("拒收请回复R")
    assert message.deadline == customer.archived_at + timedelta(days=7)
    assert message.consent_id == customer.consents["service_sms"].consent_id
    assert [(slot.slot_no, slot.message_id) for slot in await shelf.slots()] == [(1, message.id)]


async def test_the_same_registration_ten_times_plans_one_introduction(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer, event_id = people.a_customer(phones), uuid7()
    await ears.hear(people.a_hall())
    for number in range(10):
        await ears.consumer.handle([ears.record(customer, event_id if number % 2 else None)])
    assert await shelf.statuses() == ["queued"]
    assert len(await shelf.slots()) == 1


async def test_without_service_consent_there_is_no_introduction(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones, agreed=["archive"]))
    assert await shelf.messages() == []


@pytest.mark.both_databases
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_hall_customer_and_complaint_may_come_in_any_order(
    ears: Ears, shelf: Shelf, phones: PhoneBook, order: tuple[int, ...]
) -> None:
    customer = people.a_customer(phones)
    events = [people.a_hall(), customer, people.a_complaint(customer.customer_id)]
    for index in order:
        await ears.hear(events[index])
    assert [(m.template_code, m.status) for m in await shelf.messages()] in (
        [("intro", "queued"), ("complaint_receipt", "queued")],
        [("complaint_receipt", "queued"), ("intro", "queued")],
    )
    assert len(await shelf.slots()) == 1


async def test_a_consent_that_came_before_the_customer_counts(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), people.a_consent_change(customer.customer_id, "withdrawn"))
    await ears.hear(customer)
    assert await shelf.messages() == []


@pytest.mark.both_databases
async def test_a_withdrawal_keeps_back_what_is_queued_at_once_and_frees_its_slot(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    await ears.hear(people.a_consent_change(customer.customer_id, "withdrawn"))
    message = await shelf.message()
    assert (message.status, message.reason) == ("suppressed", "no-consent")
    assert await shelf.slots() == []
    assert [event.reason for event in await shelf.said(SmsSuppressed)] == ["no-consent"]


async def test_a_consent_given_later_brings_the_introduction(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    change = people.a_consent_change(customer.customer_id, "granted")
    await ears.hear(people.a_hall(), customer)
    await ears.hear(change)
    assert (await shelf.message()).deadline == change.at + timedelta(days=7)


async def test_a_customer_who_left_gets_nothing_more(ears: Ears, shelf: Shelf, phones: PhoneBook) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    await ears.hear(people.a_departure(customer.customer_id))
    assert [(m.status, m.reason) for m in await shelf.messages()] == [("suppressed", "left-network")]


@pytest.mark.both_databases
async def test_a_purge_erases_the_number_and_a_late_snapshot_does_not_bring_it_back(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    await ears.hear(people.a_purge(customer.customer_id, version=5))
    await ears.hear(people.a_customer(phones, customer_id=customer.customer_id, version=4))
    (row,) = await shelf.rows(Customer)
    assert (row.status, row.phone_enc, row.phone_index) == ("purged", None, None)
    assert await shelf.statuses() == ["suppressed"]


async def test_quiet_hours_hold_the_introduction_until_the_hall_may_send(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    later = (datetime.now(UTC) + timedelta(hours=3)).astimezone(clock.SHANGHAI)
    opens = later.replace(minute=0, second=0, microsecond=0)
    hall = people.a_hall(sms_from=opens.time(), sms_until=time((opens.hour + 1) % 24))
    await ears.hear(hall, people.a_customer(phones))
    message = await shelf.message()
    assert message.status == "held"
    assert opens <= message.send_at < opens + timedelta(minutes=60)
    assert message.decisions["quiet_hours"]["held_until"] is not None


async def test_an_archive_older_than_seven_days_is_a_miss_and_not_sent(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones, at=datetime(2010, 6, 24, tzinfo=UTC)))
    message = await shelf.message()
    assert (message.status, message.reason) == ("expired", "deadline-passed")
    assert await shelf.slots() == []


async def test_an_opened_complaint_is_acknowledged_and_a_resolved_one_reported_once_a_cycle(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer, ticket = people.a_customer(phones, agreed=["archive"]), uuid4()
    await ears.hear(people.a_hall(), customer)
    await ears.hear(people.a_complaint(customer.customer_id, ticket=ticket))
    for cycle in (1, 1, 2):
        await ears.hear(people.a_resolution(customer.customer_id, ticket=ticket, cycle=cycle))
    sent = [(m.template_code, m.period, m.status) for m in await shelf.messages()]
    assert sent == [
        ("complaint_receipt", "cycle:1", "queued"),
        ("complaint_result", "cycle:1", "queued"),
        ("complaint_result", "cycle:2", "queued"),
    ]
    assert await shelf.slots() == []


async def test_nobody_is_written_to_about_a_ticket_without_a_customer_or_an_enquiry(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    await ears.hear(people.a_hall(), customer)
    await ears.hear(people.a_complaint(None), people.a_complaint(customer.customer_id, kind="enquiry"))
    assert await shelf.messages() == []


async def test_an_activation_is_confirmed_without_consent_or_slot(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    activation = people.an_activation(customer.customer_id)
    await ears.hear(people.a_hall(), customer)
    await ears.hear(activation)
    message = await shelf.message()
    assert (message.message_class, message.activation_id) == ("confirmation", activation.activation_id)
    assert "流量月包" in message.text
    assert "拒收" not in message.text


@pytest.mark.both_databases
async def test_five_hundred_registrations_in_one_batch_are_five_hundred_introductions(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customers = [people.a_customer(phones, phone=f"139{number:08d}") for number in range(500)]
    await ears.hear(people.a_hall())
    await ears.hear(*customers)
    assert await shelf.statuses() == ["queued"] * 500
    assert len(await shelf.slots()) == 500


@pytest.mark.both_databases
async def test_a_consent_code_goes_out_sealed_and_counts_against_no_cap(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    request, event_id = people.a_code_request(customer.customer_id, phones), uuid7()
    await ears.hear(people.a_hall(), customer)
    for _ in range(2):
        await ears.consumer.handle([ears.record(request, event_id)])
    message = await shelf.message()
    assert (message.status, message.message_class, message.counted) == ("queued", "confirmation", False)
    assert message.text.startswith(
        "【资中大十字营业厅】您正在我厅确认同意：服务短信、新业务和优惠短信。验证码●●●●●●，"
    )
    assert "042195" not in message.model_dump_json()
    assert phones.open(message.secret_enc or "") == "042195"
    assert await shelf.slots() == []


async def test_a_code_that_no_longer_works_is_not_sent(ears: Ears, shelf: Shelf, phones: PhoneBook) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    late = people.a_code_request(customer.customer_id, phones, lives=timedelta(0))
    await ears.hear(people.a_hall(), customer, late)
    assert await shelf.messages() == []


@pytest.mark.both_databases
async def test_what_waits_goes_to_the_customers_new_clerk_and_what_was_sent_stays(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    """A1-12, the messages' side of a hand-over."""
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    waiting = await shelf.message()
    moved = CustomerReassigned(
        version=customer.version + 1, occurred_at=customer.occurred_at, customer_id=customer.customer_id,
        hall=customer.hall, county=customer.county, clerk="ZZ0109", from_hall=customer.hall,
        from_county=customer.county, from_clerk=customer.clerk,
        effective_from=clock.business_date(customer.occurred_at),
    )  # fmt: skip
    for _ in range(2):
        await ears.hear(moved)
    assert (await shelf.message()).clerk == "ZZ0109" != waiting.clerk
    assert (await shelf.message()).text == waiting.text


@pytest.mark.both_databases
async def test_a_tier_changed_at_night_is_the_audiences_tier_whatever_comes_later_or_twice(
    ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    customer = people.a_customer(phones)
    changed = CustomerTierChanged(
        version=3, occurred_at=customer.occurred_at, customer_id=customer.customer_id, hall=customer.hall,
        county=customer.county, clerk=customer.clerk, from_tier="C", to_tier="A", rule_version="1",
    )  # fmt: skip
    await ears.hear(people.a_hall(), changed)
    for event in (customer, changed, changed.model_copy(update={"version": 2, "to_tier": "B"})):
        await ears.hear(event)
    assert [known.tier for known in await shelf.rows(Customer)] == ["A"]
    await ears.hear(changed.model_copy(update={"version": 4, "from_tier": "A", "to_tier": "B"}))
    assert [known.tier for known in await shelf.rows(Customer)] == ["B"]
