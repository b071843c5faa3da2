"""After a ticket, by the calendar, by the clock: invitations nobody asks for by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.customer.archive import handlers as archive
from services.customer.archive.models import Customer
from services.customer.surveys import handlers, usecases
from services.customer.surveys.models import Invitation, Round
from services.customer.surveys.usecases import Invite
from shared import ids
from shared.consumer import Delivery
from shared.database import Database
from shared.events.base import Envelope
from shared.events.complaints import ComplaintClosed, ComplaintRated, ComplaintReopened
from shared.runtime import Runtime
from shared.security.tenancy import Area
from tests.customer.customers import a_customer

pytestmark = pytest.mark.usefixtures("organisation")
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
TICKET = UUID("0199b2c0-7a11-7c00-8a00-000000000002")


def a_closing(customer_id: UUID | None, **changes: Any) -> ComplaintClosed:
    usual: dict[str, Any] = {
        **_of_ticket(customer_id, 6), "closed_at": NOW, "reason": "settled",
    }  # fmt: skip
    return ComplaintClosed(**{**usual, **changes})


def a_rating(customer_id: UUID) -> ComplaintRated:
    return ComplaintRated(**_of_ticket(customer_id, 7), rated_at=NOW, score=5, good=True)


def _of_ticket(customer_id: UUID | None, version: int) -> dict[str, Any]:
    return {
        "version": version, "occurred_at": NOW, "ticket_id": TICKET, "number": "T-1", "kind": "complaint",
        "category": "network", "source": "counter", "customer_id": customer_id, "hall": "ZZ01",
        "county": "zizhong", "clerk": "ZZ0101", "handler": "ZZ0100", "cycle": 1, "received_at": NOW,
    }  # fmt: skip


async def hear(database: Database, handler: Any, event: Any, now: datetime = NOW) -> None:
    envelope = Envelope(
        id=ids.uuid7(),
        source="/complaints",
        type=event.topic,
        time=now,
        subject=str(event.key),
        version=event.version,
    )
    async with database.transaction() as session:
        await handler(session, Delivery(event, envelope, now))


async def invitations(database: Database) -> list[Invitation]:
    async with database.reading() as session:
        return list((await session.scalars(sa.select(Invitation).order_by(Invitation.id))).all())  # type: ignore[arg-type]


@pytest.mark.both_databases
async def test_a_ticket_closed_without_a_rating_is_asked_about_once_and_credited_to_who_handled_it(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    closing = a_closing(customer.id)
    for _ in range(2):
        await hear(database, handlers.invite_on_complaint_closed, closing)
    (invitation,) = await invitations(database)
    assert (invitation.kind, invitation.served_by, invitation.hall) == ("after_ticket", "ZZ0100", "ZZ01")
    assert invitation.contact == f"ticket:{TICKET}:1"


@pytest.mark.parametrize(
    "changes", [{"score": 5, "out_of": 5}, {"reason": "withdrawn"}, {"handler": None, "clerk": None}]
)
async def test_a_ticket_rated_withdrawn_or_nobodys_brings_no_survey(
    database: Database, runtime: Runtime, changes: dict[str, Any]
) -> None:
    customer = await a_customer(database, runtime.phones)
    await hear(database, handlers.invite_on_complaint_closed, a_closing(customer.id, **changes))
    assert await invitations(database) == []


async def test_who_is_not_archived_is_not_asked(database: Database) -> None:
    for stranger in (None, uuid4()):
        await hear(database, handlers.invite_on_complaint_closed, a_closing(stranger))
    assert await invitations(database) == []


@pytest.mark.parametrize("rated_first", [True, False])
async def test_a_call_back_takes_the_question_back_in_whatever_order_it_is_heard(
    database: Database, runtime: Runtime, *, rated_first: bool
) -> None:
    customer = await a_customer(database, runtime.phones)
    closing, rating = a_closing(customer.id), a_rating(customer.id)
    steps: list[tuple[Any, Any]] = [
        (handlers.invite_on_complaint_closed, closing),
        (archive.show_rating_on_complaint_rated, rating),
        (handlers.withdraw_on_complaint_rated, rating),
    ]
    for handler, event in [*steps[1:], steps[0]] if rated_first else steps:
        await hear(database, handler, event)
    assert [i.status for i in await invitations(database)] == ([] if rated_first else ["withdrawn"])


async def test_a_ticket_that_is_open_again_is_not_asked_about(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    await hear(database, handlers.invite_on_complaint_closed, a_closing(customer.id))
    facts = {**_of_ticket(customer.id, 7), "cycle": 2, "reopened_at": NOW, "reason": "customer"}
    await hear(database, handlers.withdraw_on_complaint_reopened, ComplaintReopened(**facts))
    assert [i.status for i in await invitations(database)] == ["withdrawn"]


@pytest.mark.both_databases
async def test_invitations_whose_time_is_over_are_ended_in_chunks(
    database: Database, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecases, "CHUNK", 2)
    await _three_invited(database, runtime)
    more = []
    for _ in range(3):
        async with database.transaction() as session:
            more.append(await usecases.expire_invitations(session, now=NOW + timedelta(days=7)))
    assert more == [True, False, False]
    assert [i.status for i in await invitations(database)] == ["expired"] * 3


async def test_before_its_end_nothing_expires(database: Database, runtime: Runtime) -> None:
    await _three_invited(database, runtime)
    async with database.transaction() as session:
        await usecases.expire_invitations(session, now=NOW + timedelta(days=7, seconds=-1))
    assert [i.status for i in await invitations(database)] == ["open"] * 3


@pytest.mark.both_databases
async def test_the_hall_is_reminded_of_an_invitation_once(database: Database, runtime: Runtime) -> None:
    await _three_invited(database, runtime)
    first = NOW + timedelta(days=3)
    for at in (NOW + timedelta(days=2), first, first + timedelta(days=1)):
        async with database.transaction() as session:
            await usecases.remind_halls(session, now=at)
    assert [i.reminded_at for i in await invitations(database)] == [first] * 3


@pytest.mark.both_databases
async def test_a_month_draws_each_halls_sample_once_and_leaves_those_asked_lately_in_peace(
    database: Database, runtime: Runtime
) -> None:
    asked = await a_customer(database, runtime.phones, "13908320001")
    others = [await a_customer(database, runtime.phones, f"1390832010{i}") for i in range(3)]
    at_zz02 = await a_customer(database, runtime.phones, "13908320201", hall="ZZ02", clerk="ZZ0201")
    await _draw_all(database, NOW)
    assert await invitations(database) == []
    month_later = NOW + timedelta(days=31)
    async with database.transaction() as session:
        invite = Invite(Area.everything(), "counter", asked.id, "ZZ0101")
        await usecases.invite(session, invite, now=month_later)
    for _ in range(2):
        await _draw_all(database, month_later)
    drawn = [i for i in await invitations(database) if i.kind == "periodic"]
    assert {i.customer_id for i in drawn} == {at_zz02.id, *(c.id for c in others)}
    assert {i.served_by for i in drawn} == {"ZZ0101", "ZZ0201"}
    async with database.reading() as session:
        rounds = (await session.scalars(sa.select(Round))).all()
    assert {(r.hall, r.month, r.invited) for r in rounds if r.month == "2026-12"} == {
        ("ZZ01", "2026-12", 3), ("ZZ02", "2026-12", 1), ("WY01", "2026-12", 0),
    }  # fmt: skip


async def _draw_all(database: Database, now: datetime) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.draw_round(session, now=now)


async def _three_invited(database: Database, runtime: Runtime) -> list[Customer]:
    customers = [await a_customer(database, runtime.phones, f"1390832000{i}") for i in range(3)]
    async with database.transaction() as session:
        for customer in customers:
            command = Invite(Area.everything(), "counter", customer.id, "ZZ0101")
            await usecases.invite(session, command, now=NOW)
    return customers
