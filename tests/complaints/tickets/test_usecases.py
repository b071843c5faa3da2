"""Tickets in their database: state and events together."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.complaints.customers.errors import CustomerNotFound
from services.complaints.directory.errors import ClerkUnknown, HallNotFound
from services.complaints.tickets import repository, usecases
from services.complaints.tickets.errors import (
    ReceivedInTheFuture,
    TicketNotFound,
    TransitionNotAllowed,
    WorkOrderHasTicket,
)
from services.complaints.tickets.models import ClockAlarm, Entry, Ticket, TicketCycle
from services.complaints.work_orders.models import WorkOrder
from shared import ids
from shared.database import Database
from shared.events.complaints import (
    ComplaintAssigned,
    ComplaintClockMissed,
    ComplaintClosed,
    ComplaintOpened,
    ComplaintReopened,
    ComplaintResolved,
    ComplaintResponded,
    WorkOrderImported,
)
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.complaints.house import (
    AT,
    COLLEAGUE,
    HERE,
    PHONE,
    Tell,
    a_customer,
    count,
    moved,
    opened,
    rows,
    said,
)

pytestmark = pytest.mark.usefixtures("house")
HOUR = timedelta(hours=1)


async def test_an_opened_ticket_has_a_number_clocks_and_an_event(database: Database) -> None:
    case = await opened(database)
    assert case.ticket.number == "ZZ01-20261125-0001"
    [event] = await said(database, ComplaintOpened)
    assert (event.ticket_id, event.number, event.hall, event.county) == (
        case.ticket.id,
        case.ticket.number,
        "ZZ01",
        "zizhong",
    )
    assert {clock.clock: clock.due_at for clock in event.clocks} == {
        "first_response": AT + 4 * HOUR,
        "resolution": AT + timedelta(days=3),
        "legal": AT + timedelta(days=15),
    }


async def test_numbers_count_up_by_hall_and_day(database: Database) -> None:
    numbers = [(await opened(database)).ticket.number for _ in range(2)]
    other = await opened(database, hall="ZZ02", area=Area(county="zizhong"))
    tomorrow = await opened(database, now=AT + timedelta(days=1))
    assert numbers == ["ZZ01-20261125-0001", "ZZ01-20261125-0002"]
    assert [other.ticket.number, tomorrow.ticket.number] == ["ZZ02-20261125-0001", "ZZ01-20261126-0001"]


@pytest.mark.both_databases
async def test_tickets_opened_at_once_get_numbers_of_their_own(database: Database) -> None:
    cases = await asyncio.gather(*(opened(database) for _ in range(12)))
    assert sorted(case.ticket.number for case in cases) == [f"ZZ01-20261125-{n:04d}" for n in range(1, 13)]


@pytest.mark.both_databases
async def test_a_known_number_finds_its_customer_and_leaves_no_number_behind(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    case = await opened(database, phone=phones.seal(PHONE))
    assert (case.ticket.customer_id, case.ticket.clerk, case.ticket.tier) == (
        customer.customer_id,
        "ZZ0101",
        customer.tier,
    )
    assert (case.ticket.phone_enc, case.ticket.phone_index, case.ticket.phone_masked) == (
        None,
        None,
        "139********",
    )
    [event] = await said(database, ComplaintOpened)
    assert (event.customer_id, event.phone_enc) == (customer.customer_id, None)


async def test_an_unknown_number_opens_a_ticket_that_keeps_it_sealed(
    database: Database, phones: PhoneBook
) -> None:
    case = await opened(database, phone=phones.seal(PHONE))
    [event] = await said(database, ComplaintOpened)
    assert case.ticket.customer_id is None
    assert event.phone_enc is not None
    assert phones.open(event.phone_enc) == f"+86{PHONE}"


async def test_a_number_of_another_halls_customer_is_an_unknown_number(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    await tell(a_customer(phones, clerk="WY0101"))
    assert (await opened(database, phone=phones.seal(PHONE))).ticket.customer_id is None


async def test_another_halls_customer_or_hall_is_not_found(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    stranger = a_customer(phones, clerk="WY0101")
    await tell(stranger)
    with pytest.raises(CustomerNotFound):
        await opened(database, customer_id=stranger.customer_id)
    with pytest.raises(HallNotFound):
        await opened(database, hall="WY01")
    assert await count(database, Ticket) == 0
    assert await events_said(database) == []


async def test_the_future_is_refused_and_the_past_is_counted_from(database: Database) -> None:
    with pytest.raises(ReceivedInTheFuture):
        await opened(database, received_at=AT + HOUR)
    case = await opened(database, received_at=AT - HOUR)
    assert {row.clock: row.due_at for row in case.clock_rows()}["first_response"] == AT + 3 * HOUR


async def test_a_mobile_number_in_words_is_masked(database: Database) -> None:
    case = await opened(database, summary=f"请回电 {PHONE} 谢谢")
    assert case.ticket.summary == "请回电 139******** 谢谢"
    assert [entry.text for entry in await rows(database, Entry)] == ["请回电 139******** 谢谢"]


@pytest.mark.both_databases
async def test_the_whole_way_of_a_complaint(database: Database) -> None:
    ticket = (await opened(database)).ticket
    await moved(database, ticket.id, "assign", now=AT + HOUR, handler="ZZ0102")
    await moved(database, ticket.id, "respond", now=AT + 2 * HOUR, by=COLLEAGUE, note="已致电客户")
    await moved(database, ticket.id, "resolve", now=AT + 3 * HOUR, by=COLLEAGUE, note="解释清楚")
    done = await moved(database, ticket.id, "close", now=AT + 4 * HOUR, by=COLLEAGUE)
    assert (done.ticket.status, done.ticket.handler, done.ticket.version) == ("closed", "ZZ0102", 5)
    [assigned] = await said(database, ComplaintAssigned)
    assert (assigned.handler, assigned.assigned_by) == ("ZZ0102", "ZZ0101")
    [responded] = await said(database, ComplaintResponded)
    assert (responded.clock.clock, responded.clock.within, responded.responded_by) == (
        "first_response",
        True,
        "ZZ0102",
    )
    [resolved] = await said(database, ComplaintResolved)
    assert (resolved.cause, resolved.remedy, resolved.handler, resolved.cycle) == (
        "tariff_doubt",
        "answered",
        "ZZ0102",
        1,
    )
    assert {clock.clock: clock.within for clock in resolved.clocks} == {
        "first_response": True, "resolution": True, "legal": True,
    }  # fmt: skip
    [closed] = await said(database, ComplaintClosed)
    assert (closed.reason, closed.score, closed.version) == ("settled", None, 5)


async def test_resolving_at_once_is_an_answer_too(database: Database) -> None:
    ticket = (await opened(database, kind="enquiry", category="业务咨询")).ticket
    case = await moved(database, ticket.id, "resolve", now=AT + HOUR, cause=None, remedy=None)
    [event] = await said(database, ComplaintResolved)
    assert (event.cause, event.remedy, event.handler) == ("enquiry", "answered", "ZZ0101")
    assert {clock.clock: clock.within for clock in event.clocks}["first_response"] is True
    assert case.cycle.responded_by == "ZZ0101"
    [answered] = await said(database, ComplaintResponded)
    assert (answered.clock.clock, answered.clock.within, answered.responded_by) == (
        "first_response",
        True,
        "ZZ0101",
    )


async def test_an_illegal_move_changes_nothing(database: Database) -> None:
    ticket = (await opened(database)).ticket
    before = await events_said(database)
    with pytest.raises(TransitionNotAllowed):
        await moved(database, ticket.id, "close", now=AT + HOUR)
    assert await events_said(database) == before
    assert [(row.status, row.version) for row in await rows(database, Ticket)] == [("new", 1)]


async def test_only_staff_of_the_hall_can_be_handlers(database: Database) -> None:
    ticket = (await opened(database)).ticket
    for stranger in ("WY0101", "NOBODY"):
        with pytest.raises(ClerkUnknown):
            await moved(database, ticket.id, "assign", now=AT + HOUR, handler=stranger)


async def test_another_hall_finds_no_such_ticket(database: Database) -> None:
    ticket = (await opened(database)).ticket
    with pytest.raises(TicketNotFound):
        await moved(database, ticket.id, "respond", now=AT + HOUR, area=Area(county="zizhong", hall="ZZ02"))


@pytest.mark.both_databases
async def test_of_two_who_resolve_at_once_one_wins(database: Database) -> None:
    ticket = (await opened(database)).ticket
    tries = [moved(database, ticket.id, "resolve", now=AT + HOUR) for _ in range(4)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, TransitionNotAllowed) for result in results) == 3
    assert len(await said(database, ComplaintResolved)) == 1


@pytest.mark.both_databases
async def test_three_cycles_leave_the_first_two_as_they_were(database: Database) -> None:
    ticket = (await opened(database)).ticket
    at = AT
    for cause in ("tariff_doubt", "billing_error"):
        at += HOUR
        await moved(database, ticket.id, "resolve", now=at, cause=cause, remedy="refunded")
        at += HOUR
        await moved(database, ticket.id, "reopen", now=at, reason="customer", note="仍未解决")
    last = await moved(database, ticket.id, "resolve", now=at + HOUR, cause="other", remedy="apologised")
    cycles = {row.cycle: (row.cause, row.resolved_at) for row in await rows(database, TicketCycle)}
    assert cycles == {
        1: ("tariff_doubt", AT + HOUR),
        2: ("billing_error", AT + 3 * HOUR),
        3: ("other", AT + 5 * HOUR),
    }
    assert (last.ticket.cycle, last.ticket.status) == (3, "resolved")
    assert [(e.cycle, e.reason) for e in await said(database, ComplaintReopened)] == [
        (2, "customer"),
        (3, "customer"),
    ]
    assert [e.cycle for e in await said(database, ComplaintResolved)] == [1, 2, 3]


async def ring(database: Database, hours: int) -> None:
    async with database.transaction() as session:
        await usecases.ring_clocks(session, now=AT + hours * HOUR)


@pytest.mark.both_databases
async def test_each_warning_and_miss_is_said_once_with_its_own_time(database: Database) -> None:
    ticket = (await opened(database)).ticket
    for hours in (1, 5, 6, 7):
        await ring(database, hours)
    events = await said(database, ComplaintClockMissed)
    assert [(e.clock, e.severity, e.due_at, e.occurred_at) for e in events] == [
        ("first_response", "warning", AT + 3 * HOUR, AT + 3 * HOUR),
        ("first_response", "missed", AT + 4 * HOUR, AT + 4 * HOUR),
    ]
    alarms = {alarm.kind: alarm.detected_at for alarm in await rows(database, ClockAlarm)}
    assert alarms == {"warning": AT + 5 * HOUR, "missed": AT + 5 * HOUR}
    assert {event.ticket_id for event in events} == {ticket.id}


@pytest.mark.both_databases
async def test_a_timer_that_slept_finds_the_same_misses(database: Database) -> None:
    ticket = (await opened(database)).ticket
    await moved(database, ticket.id, "respond", now=AT + 6 * HOUR)
    await ring(database, 200)
    missed = [e for e in await said(database, ComplaintClockMissed) if e.severity == "missed"]
    assert [(e.clock, e.due_at) for e in missed] == [
        ("first_response", AT + 4 * HOUR),
        ("resolution", AT + timedelta(days=3)),
    ]


async def test_pausing_keeps_a_warning_that_was_due_before_it(database: Database) -> None:
    ticket = (await opened(database, kind="enquiry", category="enquiry")).ticket
    await moved(database, ticket.id, "respond", now=AT + HOUR)
    await moved(
        database, ticket.id, "pause", now=AT + 23 * HOUR + timedelta(minutes=30), reason="等客户带证件"
    )
    [event] = await said(database, ComplaintClockMissed)
    assert (event.clock, event.severity, event.due_at) == ("resolution", "warning", AT + 7 * HOUR)
    await ring(database, 500)
    assert len(await said(database, ComplaintClockMissed)) == 1, "paused clocks miss nothing"


async def test_a_note_from_the_customer_asks_for_the_next_response(database: Database) -> None:
    ticket = (await opened(database)).ticket
    await moved(database, ticket.id, "respond", now=AT + HOUR)
    command = usecases.WriteNote(HERE, COLLEAGUE, ticket.id, "客户再次来电催问", from_customer=True)
    async with database.transaction() as session:
        case, _entry = await usecases.write_note(session, command, now=AT + 2 * HOUR)
    assert {row.clock for row in case.clock_rows() if row.stopped_at is None} >= {"next_response"}
    await moved(database, ticket.id, "respond", now=AT + 3 * HOUR)
    assert [e.clock.clock for e in await said(database, ComplaintResponded)] == [
        "first_response",
        "next_response",
    ]


async def test_a_withdrawn_ticket_misses_nothing(database: Database) -> None:
    ticket = (await opened(database)).ticket
    await moved(database, ticket.id, "withdraw", now=AT + HOUR, note="客户撤诉")
    await ring(database, 1000)
    assert await said(database, ComplaintClockMissed) == []
    assert [e.reason for e in await said(database, ComplaintClosed)] == ["withdrawn"]


async def test_a_ticket_keeps_the_policy_it_was_opened_under(database: Database) -> None:
    from services.complaints.clocks import usecases as clocks

    ticket = (await opened(database)).ticket
    limits = [
        {"kind": "*", "category": "*", "source": "*", "tier": "*", "clock": clock, "minutes": 10, "warn_minutes": 5,
         "basis": basis, "pausable": False}
        for clock, basis in (("first_response", "business"), ("legal", "natural"))
    ]  # fmt: skip
    async with database.transaction() as session:
        await clocks.publish_policy(session, clocks.PublishPolicy(limits, "收紧", "RO01"), now=AT)
    async with database.reading() as session:
        case = await repository.get_case(session, ticket.id, HERE, lock=False)
    assert {r.run.clock: r.due_at for r in case.readings()}["first_response"] == AT + 4 * HOUR
    newer = await opened(database)
    assert {row.clock: row.due_at for row in newer.clock_rows()}["first_response"] == AT + timedelta(
        minutes=10
    )


@pytest.mark.both_databases
async def test_a_work_order_taken_down_by_hand_is_noted_and_has_one_ticket(
    database: Database, phones: PhoneBook
) -> None:
    order: dict[str, Any] = {
        "source": "work_order",
        "work_order": ("10086", "20261125000001"),
        "phone": phones.seal(PHONE),
    }
    case = await opened(database, **order)
    [known] = await rows(database, WorkOrder)
    assert (known.ticket_id, known.hall, known.number) == (case.ticket.id, "ZZ01", "20261125000001")
    assert [e.ticket_id for e in await said(database, WorkOrderImported)] == [case.ticket.id]
    with pytest.raises(WorkOrderHasTicket) as refusal:
        await opened(database, **order)
    assert refusal.value.extras["existing_id"] == str(case.ticket.id)
    assert await count(database, Ticket) == 1


async def test_a_tickets_clocks_survive_ids_that_sort_at_random(database: Database) -> None:
    cases = [await opened(database) for _ in range(3)]
    async with database.reading() as session:
        found = await repository.clocks_of(session, [case.ticket.id for case in cases] + [ids.uuid7()])
    assert [len(clocks) for clocks in found.values()] == [3, 3, 3, 0]


@pytest.mark.both_databases
async def test_timers_and_people_at_the_same_clocks_say_each_miss_once(database: Database) -> None:
    tickets = [(await opened(database)).ticket for _ in range(8)]
    answers = [moved(database, ticket.id, "respond", now=AT + 6 * HOUR) for ticket in tickets]
    await asyncio.gather(*answers, *(ring(database, 6) for _ in range(4)))
    await ring(database, 7)
    missed = [e.ticket_id for e in await said(database, ComplaintClockMissed) if e.severity == "missed"]
    assert sorted(missed) == sorted(ticket.id for ticket in tickets)
    assert [e.clock.within for e in await said(database, ComplaintResponded)] == [False] * 8


@pytest.mark.both_databases
async def test_one_order_taken_down_at_two_desks_is_one_ticket(database: Database, phones: PhoneBook) -> None:
    order: dict[str, Any] = {
        "source": "work_order",
        "work_order": ("10086", "20261125000001"),
        "phone": phones.seal(PHONE),
    }
    results = await asyncio.gather(*(opened(database, **order) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, WorkOrderHasTicket) for result in results) == 4
    assert [await count(database, model) for model in (Ticket, WorkOrder)] == [1, 1]
