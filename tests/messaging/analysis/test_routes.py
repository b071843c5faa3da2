"""A month counted from messages, replies and complaints."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.messaging.inbound.models import Reply
from services.messaging.messages.models import Message
from shared.database import Database, insert_rows
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears

PATH = "/messaging/v1/frequency-analysis"
DAY = datetime(2026, 10, 12, 1, 30, tzinfo=UTC)
"""Half past nine in Shanghai."""


async def sent(database: Database, customer: UUID, at: datetime, *, hall: str = "ZZ01", **other: Any) -> UUID:
    row = {
        **Message.BLANK, "id": uuid4(), "customer_id": customer, "recipient": str(customer), "hall": hall,
        "county": "zizhong", "message_class": "service", "template_code": "service", "cause": uuid4().hex,
        "period": "once", "requested_by": "t", "status": "delivered", "send_at": at, "due_at": at, "submitted_at": at,
        "accepted_at": at, "delivered_at": at, "created_at": at, "updated_at": at, **other,
    }  # fmt: skip
    async with database.transaction() as session:
        await insert_rows(session, Message, [row])
    id_: UUID = row["id"]
    return id_


async def replied(database: Database, customer: UUID, message: UUID, at: datetime, kind: str) -> None:
    async with database.transaction() as session:
        session.add(
            Reply(id=uuid4(), gateway="simulator", kind=kind, phone_enc="x", phone_index="x", phone_masked="139",
                  text="x", customer_id=customer, hall="ZZ01", county="zizhong", in_reply_to=message, received_at=at,
                  recorded_at=at)
        )  # fmt: skip


@pytest.fixture
async def month(ears: Ears, phones: PhoneBook, database: Database) -> list[UUID]:
    """Four of ZZ01 who agreed: two messages and an opt-out, one and a complaint, one, none; one of ZZ02 with one."""
    before = DAY - timedelta(days=60)
    crowd = [
        people.a_customer(phones, phone=f"1390000123{n}", at=before, hall="ZZ02" if n == 4 else "ZZ01")
        for n in range(5)
    ]
    refuses = people.a_customer(phones, phone="13900001239", at=before, agreed=["archive"])
    await ears.hear(people.a_hall(), people.a_hall("ZZ02"), *crowd, refuses)
    a, b, c, _none, e = ids = [person.customer_id for person in crowd]
    await sent(database, a, DAY)
    second = await sent(database, a, DAY + timedelta(days=3, hours=1), message_class="marketing")
    await replied(database, a, second, DAY + timedelta(days=4), "opt_out")
    await replied(database, a, second, DAY + timedelta(days=5), "opt_out")
    first = await sent(database, b, DAY)
    await replied(database, b, first, DAY + timedelta(hours=1), "enquiry")
    complaint = people.a_complaint(b).model_copy(update={"received_at": DAY + timedelta(days=1)})
    await ears.hear(complaint, complaint, people.a_complaint(c, kind="enquiry"))
    await sent(database, c, DAY, delivered_at=None, status="accepted")
    await sent(database, c, DAY, message_class="notice")
    await sent(database, c, DAY - timedelta(days=30))
    await sent(database, c, DAY, accepted_at=None, delivered_at=None, status="failed")
    await sent(database, e, DAY, hall="ZZ02")
    return ids


@pytest.mark.both_databases
async def test_a_month_says_how_often_whom_and_what_followed(month: list[UUID], caller: Caller) -> None:
    found = (
        await caller("hall_manager", hall="ZZ01", county="zizhong").get(PATH, params={"month": "2026-10"})
    ).json()
    assert (found["agreed"], found["reached"], found["messages"]) == (4, 3, 4)
    assert found["histogram"] == [
        {"messages": 0, "customers": 1}, {"messages": 1, "customers": 2}, {"messages": 2, "customers": 1},
    ]  # fmt: skip
    assert found["after"] == [
        {"messages": 1, "customers": 3, "opt_outs": 0, "complaints": 1},
        {"messages": 2, "customers": 1, "opt_outs": 1, "complaints": 0},
    ]
    assert found["hours"] == [
        {"hour": 9, "sent": 3, "delivered": 2, "answered": 1, "opted_out": 0},
        {"hour": 10, "sent": 1, "delivered": 1, "answered": 0, "opted_out": 1},
    ]
    assert found["best_hour"] == 10
    assert found["by_class"] == [
        {"class": "marketing", "messages": 1, "customers": 1, "delivered": 1},
        {"class": "service", "messages": 3, "customers": 3, "delivered": 2},
    ]
    assert found["by_hall"] == [
        {"hall": "ZZ01", "agreed": 4, "reached": 3, "messages": 4, "opt_outs": 1, "complaints": 1}
    ]


@pytest.mark.both_databases
async def test_the_office_sees_every_hall_and_may_ask_for_one(month: list[UUID], caller: Caller) -> None:
    office = caller("regional_office")
    everything = (await office.get(PATH, params={"month": "2026-10"})).json()
    assert [each["hall"] for each in everything["by_hall"]] == ["ZZ01", "ZZ02"]
    assert (everything["agreed"], everything["reached"]) == (5, 4)
    one = (await office.get(PATH, params={"month": "2026-10", "hall": "ZZ02"})).json()
    assert [each["hall"] for each in one["by_hall"]] == ["ZZ02"]
    assert (one["agreed"], one["reached"], one["messages"]) == (1, 1, 1)


async def test_an_empty_month_is_an_answer(month: list[UUID], caller: Caller) -> None:
    found = (await caller("regional_office").get(PATH, params={"month": "2026-09"})).json()
    assert (found["messages"], found["best_hour"]) == (1, 9)
    nothing = (await caller("regional_office").get(PATH, params={"month": "2025-01"})).json()
    assert (nothing["agreed"], nothing["hours"], nothing["best_hour"]) == (0, [], None)


async def test_another_hall_is_not_there(month: list[UUID], caller: Caller) -> None:
    other = caller("hall_manager", hall="WY01", county="weiyuan")
    assert (await other.get(PATH, params={"month": "2026-10"})).json()["messages"] == 0
    assert (await other.get(PATH, params={"hall": "ZZ01"})).status_code == 404
    assert (await other.get(PATH, params={"month": "2026-13"})).status_code == 422
    assert (await other.get(PATH, params={"moth": "2026-10"})).json()["errors"][0][
        "code"
    ] == "unknown-parameter"
    assert (await caller("gateway").get(PATH)).status_code == 403
