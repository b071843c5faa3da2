"""The transition table, and random walks over it: whatever people do, a ticket stays a sound ticket."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.complaints.clocks.rules.calendars import BusinessCalendar
from services.complaints.clocks.rules.policies import Limit
from services.complaints.clocks.rules.timing import Terms
from services.complaints.clocks.usecases import Versions
from services.complaints.tickets import rules
from services.complaints.tickets.errors import TransitionNotAllowed
from services.complaints.tickets.models import Actor, Case, NewTicket, Resolution
from services.complaints.tickets.rules import Action, Status
from shared.events.complaints import TicketEvent
from tests.complaints.house import AT, CLERK, COLLEAGUE

DAY = ((9 * 60, 18 * 60),)
CALENDAR = BusinessCalendar(1, dict.fromkeys(range(1, 8), DAY), DAY, DAY)
HOW = Resolution("tariff_doubt", "answered")
ENDED = {Status.MERGED, Status.WITHDRAWN}


def a_case() -> Case:
    limits = [
        Limit(clock, timedelta(hours=hours), timedelta(hours=1), "business", pausable)
        for clock, hours, pausable in (
            ("first_response", 4, False),
            ("next_response", 4, False),
            ("resolution", 20, True),
        )
    ]
    terms = Terms({limit.clock: limit for limit in limits}, CALENDAR, 1)
    new = NewTicket(
        kind="complaint", category="tariff_doubt", source="counter", hall="ZZ01", county="zizhong",
        summary="对流量费有疑问", received_at=AT, by=CLERK, clerk="ZZ0101",
    )  # fmt: skip
    return Case.open(new, "ZZ01-20261125-0001", terms, Versions(1, "*", 1, 1), now=AT)[0]


def test_nothing_leaves_merged_or_withdrawn() -> None:
    assert [rules.allowed_actions(status) for status in ENDED] == [[], []]


def test_every_status_but_the_ended_ones_has_a_way_on() -> None:
    assert all(rules.allowed_actions(status) for status in set(Status) - ENDED)


def test_only_what_was_settled_can_be_closed_or_reopened() -> None:
    assert set(rules.TRANSITIONS[Action.CLOSE]) == {Status.RESOLVED}
    assert set(rules.TRANSITIONS[Action.REOPEN]) == {Status.RESOLVED, Status.CLOSED}


def test_the_ladder_ends_at_the_region() -> None:
    assert [rules.next_level(level) for level in rules.LADDER] == ["hall_manager", "county", "region", None]


def test_a_refusal_says_what_is_allowed() -> None:
    case = a_case()
    with pytest.raises(TransitionNotAllowed) as refusal:
        case.close(CLERK, now=AT)
    assert refusal.value.extras["allowed"] == ["assign", "respond", "resolve", "escalate", "withdraw"]
    assert refusal.value.message == "工单当前为“待派单”，不能关闭。"


ACTS: dict[Action, Callable[[Case, Actor, datetime], TicketEvent | list[TicketEvent] | None]] = {
    Action.ASSIGN: lambda case, by, now: case.assign("ZZ0102", by, now=now),
    Action.RESPOND: lambda case, by, now: case.respond(by, "已与客户联系", now=now),
    Action.PAUSE: lambda case, by, now: case.pause(by, None, now=now),
    Action.RESUME: lambda case, by, now: case.resume(by, None, now=now),
    Action.RESOLVE: lambda case, by, now: case.resolve(HOW, by, now=now),
    Action.CLOSE: lambda case, by, now: case.close(by, now=now),
    Action.REOPEN: lambda case, by, now: case.reopen(by, "customer", None, now=now),
    Action.ESCALATE: lambda case, by, now: case.escalate(by, "manual", None, now=now),
    Action.WITHDRAW: lambda case, by, now: case.withdraw(by, None, now=now),
}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Action)), st.booleans()), max_size=25))
def test_whatever_people_do_a_ticket_stays_sound(walk: list[tuple[Action, bool]]) -> None:
    case, cycles = a_case(), list[tuple[int, str | None, object]]()
    for step, (action, colleague) in enumerate(walk, start=1):
        before = case.ticket.model_dump(), len(case.log), case.cycle
        expected = rules.next_status(action, Status(case.ticket.status))
        try:
            event = ACTS[action](case, COLLEAGUE if colleague else CLERK, AT + timedelta(minutes=17 * step))
        except TransitionNotAllowed:
            assert expected is None
            assert (case.ticket.model_dump(), len(case.log), case.cycle) == before
            continue
        assert case.ticket.status == expected
        if action is Action.REOPEN:
            cycles.append((before[2].cycle, before[2].cause, before[2].resolved_at))
        said = event if isinstance(event, list) else [event] if event else []
        assert all(
            event.version == case.ticket.version and event.cycle == case.ticket.cycle for event in said
        )
    assert case.ticket.version == len(case.log) == case.log[-1].seq
    assert case.ticket.cycle == 1 + sum(entry.kind == "reopened" for entry in case.log)
    assert [cause for _, cause, _ in cycles] == ["tariff_doubt"] * len(cycles)
    open_clocks = [reading.run.clock for reading in case.readings() if reading.run.is_open]
    assert bool(open_clocks) == (case.ticket.status in rules.OPEN)
    paused = any(reading.run.is_paused for reading in case.readings())
    assert paused == (case.ticket.status == Status.WAITING)
