"""Call-backs: owed once a cycle, never made by the handler, and a bad one reopens."""

from datetime import timedelta

import pytest

from services.complaints.callbacks import usecases
from services.complaints.callbacks.models import Callback
from services.complaints.callbacks.usecases import CallBack
from services.complaints.tickets.errors import AlreadyRated, RatedByHandler, TransitionNotAllowed
from services.complaints.tickets.models import Actor, Case, Ticket, TicketCycle
from services.complaints.tickets.rules import Action
from services.complaints.tickets.usecases import MoveTicket
from shared.database import Database
from shared.events.complaints import ComplaintClosed, ComplaintRated, ComplaintReopened
from tests.complaints.house import AT, CLERK, COLLEAGUE, HERE, count, moved, opened, rows, said

pytestmark = pytest.mark.usefixtures("house")
HOUR = timedelta(hours=1)


async def a_settled(database: Database, *, close: bool = True) -> Ticket:
    ticket = (await opened(database)).ticket
    await moved(database, ticket.id, "resolve", now=AT + HOUR)
    if close:
        async with database.transaction() as session:
            await usecases.move_ticket(
                session, MoveTicket(HERE, CLERK, ticket.id, Action.CLOSE), now=AT + HOUR
            )
    return ticket


async def rate(
    database: Database, ticket: Ticket, score: int, by: Actor = COLLEAGUE, *, hours: int = 2
) -> Case:
    command = CallBack(HERE, by, ticket.id, score, "还可以", good_from=3)
    async with database.transaction() as session:
        return await usecases.call_back(session, command, now=AT + hours * HOUR)


async def test_closing_owes_a_call_back(database: Database) -> None:
    ticket = await a_settled(database)
    [task] = await rows(database, Callback)
    assert (task.ticket_id, task.cycle, task.status, task.handler) == (ticket.id, 1, "open", "ZZ0101")


@pytest.mark.both_databases
async def test_a_good_rating_finishes_the_task(database: Database) -> None:
    ticket = await a_settled(database)
    case = await rate(database, ticket, 5)
    assert case.ticket.status == "closed"
    [task] = await rows(database, Callback)
    assert (task.status, task.done_by, task.score) == ("done", "ZZ0102", 5)
    [rated] = await said(database, ComplaintRated)
    assert (rated.score, rated.out_of, rated.good, rated.called_back_by, rated.cycle) == (
        5,
        5,
        True,
        "ZZ0102",
        1,
    )


async def test_a_good_rating_closes_what_was_only_resolved(database: Database) -> None:
    ticket = await a_settled(database, close=False)
    assert (await rate(database, ticket, 4)).ticket.status == "closed"
    [closed] = await said(database, ComplaintClosed)
    assert (closed.called_back_by, closed.score, closed.out_of) == ("ZZ0102", 4, 5)
    assert await count(database, Callback) == 1


@pytest.mark.both_databases
async def test_a_bad_rating_reopens_and_the_next_cycle_owes_its_own(database: Database) -> None:
    ticket = await a_settled(database)
    case = await rate(database, ticket, 1)
    assert (case.ticket.status, case.ticket.cycle) == ("assigned", 2)
    [reopened] = await said(database, ComplaintReopened)
    assert (reopened.reason, reopened.cycle) == ("bad_rating", 2)
    await moved(database, ticket.id, "resolve", now=AT + 3 * HOUR)
    await rate(database, ticket, 5, hours=4)
    assert {(task.cycle, task.score) for task in await rows(database, Callback)} == {(1, 1), (2, 5)}
    assert {(cycle.cycle, cycle.score) for cycle in await rows(database, TicketCycle)} == {(1, 1), (2, 5)}


async def test_nobody_rates_himself_and_nobody_is_asked_twice(database: Database) -> None:
    ticket = await a_settled(database)
    with pytest.raises(RatedByHandler):
        await rate(database, ticket, 5, CLERK)
    await rate(database, ticket, 5)
    with pytest.raises(AlreadyRated):
        await rate(database, ticket, 1)
    assert len(await said(database, ComplaintRated)) == 1


async def test_what_is_not_settled_cannot_be_rated(database: Database) -> None:
    ticket = (await opened(database)).ticket
    with pytest.raises(TransitionNotAllowed):
        await rate(database, ticket, 5)
    assert await count(database, Callback) == 0
