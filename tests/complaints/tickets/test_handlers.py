"""What customers write, deny and become, told ten times and in any order."""

from datetime import timedelta
from typing import Any

import pytest

from services.complaints.customers.models import Assignment, Customer, Departure
from services.complaints.tickets.models import Entry, Ticket
from shared import ids
from shared.database import Database
from shared.events.complaints import ComplaintAssigned, ComplaintOpened
from shared.events.customer import CustomerPurged, CustomerReassigned
from shared.events.messaging import SmsActivationDenied, SmsEnquiryReceived
from shared.phones import PhoneBook
from tests.complaints.house import AT, PHONE, Tell, a_customer, an, count, moved, opened, rows, said

pytestmark = pytest.mark.usefixtures("house")


def an_enquiry(phones: PhoneBook, **members: Any) -> SmsEnquiryReceived:
    sealed = phones.seal(PHONE)
    facts = {"inbound_id": ids.uuid7(), "customer_id": None, "hall": "ZZ01", "county": "zizhong", "clerk": None,
             "phone_enc": sealed.enc, "phone_index": sealed.index, "phone_masked": sealed.masked,
             "text": "流量怎么用完了", "received_at": AT}  # fmt: skip
    return an(SmsEnquiryReceived, **{**facts, **members})


def a_denial(**members: Any) -> SmsActivationDenied:
    facts = {"inbound_id": ids.uuid7(), "activation_id": ids.uuid7(), "customer_id": None, "hall": "ZZ01",
             "county": "zizhong", "product": "彩铃", "received_at": AT}  # fmt: skip
    return an(SmsActivationDenied, **{**facts, **members})


@pytest.mark.both_databases
async def test_an_sms_is_one_enquiry_though_told_ten_times(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    enquiry = an_enquiry(phones)
    await tell(*[enquiry] * 5)
    for _ in range(5):
        await tell(enquiry)
    [ticket] = await rows(database, Ticket)
    assert (ticket.kind, ticket.source, ticket.summary, ticket.hall) == (
        "enquiry",
        "sms",
        "流量怎么用完了",
        "ZZ01",
    )
    [event] = await said(database, ComplaintOpened)
    assert event.inbound_id == enquiry.inbound_id


async def test_an_sms_of_a_known_customer_goes_to_the_customers_hall(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones, clerk="ZZ0201")
    await tell(customer)
    await tell(an_enquiry(phones, customer_id=customer.customer_id, hall=None, county=None))
    [ticket] = await rows(database, Ticket)
    assert (ticket.hall, ticket.clerk, ticket.customer_id, ticket.phone_enc) == (
        "ZZ02",
        "ZZ0201",
        customer.customer_id,
        None,
    )


async def test_an_sms_that_belongs_to_no_hall_is_left_to_messaging(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    await tell(an_enquiry(phones, hall=None, county=None))
    assert await count(database, Ticket) == 0


async def test_a_denied_activation_is_one_complaint_on_the_fast_track(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    denial = a_denial(customer_id=customer.customer_id)
    await tell(customer)
    await tell(denial)
    again = denial.model_copy(update={"inbound_id": ids.uuid7()})
    await tell(again, again)
    [ticket] = await rows(database, Ticket)
    assert (ticket.kind, ticket.category, ticket.source) == (
        "complaint",
        "unauthorised_activation",
        "activation_denied",
    )
    [event] = await said(database, ComplaintOpened)
    assert event.activation_id == denial.activation_id
    first = next(clock for clock in event.clocks if clock.clock == "first_response")
    assert first.due_at == AT + timedelta(hours=1)


async def test_a_caller_who_is_archived_later_is_linked(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    ticket = (await opened(database, phone=phones.seal(PHONE))).ticket
    customer = a_customer(phones)
    await tell(customer)
    [linked] = await rows(database, Ticket)
    assert (linked.customer_id, linked.clerk, linked.phone_enc) == (customer.customer_id, "ZZ0101", None)
    assert linked.version > ticket.version


async def test_a_caller_who_is_archived_at_another_hall_is_not(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    await opened(database, phone=phones.seal(PHONE))
    await tell(a_customer(phones, clerk="WY0101"))
    [ticket] = await rows(database, Ticket)
    assert ticket.customer_id is None


@pytest.mark.both_databases
async def test_a_hand_over_takes_the_open_tickets_along_and_leaves_the_settled_ones(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    settled = (await opened(database, customer_id=customer.customer_id)).ticket
    await moved(database, settled.id, "resolve", now=AT)
    at_work = (await opened(database, customer_id=customer.customer_id)).ticket
    await moved(database, at_work.id, "assign", now=AT, handler="ZZ0101")
    new = an(
        CustomerReassigned, customer_id=customer.customer_id, version=2, hall="ZZ01", county="zizhong", clerk="ZZ0102",
        from_hall="ZZ01", from_county="zizhong", from_clerk="ZZ0101",
    )  # fmt: skip
    for _ in range(3):
        await tell(new)
    found = {ticket.id: (ticket.clerk, ticket.handler) for ticket in await rows(database, Ticket)}
    assert found == {settled.id: ("ZZ0101", "ZZ0101"), at_work.id: ("ZZ0102", "ZZ0102")}
    assert [(e.from_handler, e.handler) for e in await said(database, ComplaintAssigned)][-1] == (
        "ZZ0101",
        "ZZ0102",
    )
    assert len(await said(database, ComplaintAssigned)) == 2


@pytest.mark.both_databases
async def test_an_erased_customer_leaves_figures_and_no_words(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    await opened(database, customer_id=customer.customer_id, summary="李锐投诉资费")
    purged = an(
        CustomerPurged,
        customer_id=customer.customer_id,
        version=5,
        hall="ZZ01",
        county="zizhong",
        clerk="ZZ0101",
    )
    await tell(purged)
    [ticket] = await rows(database, Ticket)
    assert (ticket.summary, ticket.phone_masked) == ("（客户资料已清除）", None)
    assert (ticket.customer_id, ticket.category) == (customer.customer_id, "tariff_doubt")
    assert {entry.text for entry in await rows(database, Entry)} == {None}
    assert [await count(database, model) for model in (Customer, Assignment)] == [0, 0]


async def test_a_late_snapshot_brings_no_erased_customer_back(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(an(CustomerPurged, customer_id=customer.customer_id, version=5))
    await tell(customer)
    assert [await count(database, model) for model in (Customer, Assignment, Departure)] == [0, 0, 1]
