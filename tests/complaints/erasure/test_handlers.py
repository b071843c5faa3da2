"""Who is purged leaves figures behind and no words, whoever wrote them down; nobody comes back."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.complaints.tickets.models import Entry, Ticket
from services.complaints.work_orders import usecases as work_orders
from services.complaints.work_orders.models import WorkOrder
from shared import clock, ids
from shared.database import Database
from shared.events.customer import CustomerLeftNetwork, CustomerPurged, CustomerUpdated
from shared.events.messaging import SmsEnquiryReceived
from shared.ledger import KERNEL
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.complaints.house import AT, PHONE, Tell, a_customer, an, count, opened, rows
from tests.engines import tables

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.both_databases]
ERASED = "（客户资料已清除）"


def an_order(phones: PhoneBook, content: str, **members: Any) -> WorkOrder:
    sealed = phones.seal(PHONE)
    facts: dict[str, Any] = {
        "id": ids.uuid7(), "version": 1, "source": "10086", "number": "W-1", "category": "tariff_doubt",
        "category_text": "资费", "content": content, "received_at": AT, "status": "open", "status_text": "处理中",
        "phone_enc": sealed.enc, "phone_index": sealed.index, "phone_masked": sealed.masked, "hall_name": "",
        "source_updated_at": AT, "recorded_at": AT, "updated_at": AT,
    }  # fmt: skip
    return WorkOrder(**{**facts, **members})


async def note(database: Database, order: WorkOrder) -> None:
    async with database.transaction() as session:
        await work_orders.note_orders(session, "10086", [order], now=clock.now())


async def test_callers_whom_no_archive_knew_are_forgotten_with_the_customer_of_that_number(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    await opened(database, hall="ZZ01", phone=phones.seal(PHONE), summary="过路人李锐")
    stranger = await opened(database, hall="ZZ01", phone=phones.seal("13700001111"), summary="别人")
    customer = a_customer(phones, clerk="ZZ0201")
    await tell(customer)
    await tell(an(CustomerPurged, customer_id=customer.customer_id, version=5))
    words = {t.id: (t.summary, t.phone_index) for t in await rows(database, Ticket)}
    assert words.pop(stranger.ticket.id) == ("别人", phones.index("13700001111"))
    assert list(words.values()) == [(ERASED, None)]
    assert {e.text for e in await rows(database, Entry)} == {None, "别人"}


async def test_a_number_that_has_a_new_holder_is_left_alone(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    old, new = a_customer(phones, clerk="ZZ0201"), a_customer(phones, clerk="ZZ0201")
    await tell(old, an(CustomerLeftNetwork, customer_id=old.customer_id, version=2), new)
    await opened(database, hall="ZZ01", phone=phones.seal(PHONE), summary="新机主来电")
    await tell(an(CustomerPurged, customer_id=old.customer_id, version=5))
    assert [ticket.summary for ticket in await rows(database, Ticket)] == ["新机主来电"]


async def test_a_newer_file_brings_no_words_of_the_erased_back(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    await note(
        database,
        an_order(phones, "李锐投诉", customer_id=customer.customer_id, hall="ZZ01", county="zizhong"),
    )
    await tell(an(CustomerPurged, customer_id=customer.customer_id, version=5))
    newer = an_order(
        phones, "李锐又来电", source_updated_at=clock.now(), status="settled", customer_id=ids.uuid7()
    )
    await note(database, newer)
    (order,) = await rows(database, WorkOrder)
    assert (order.content, order.phone_enc, order.phone_index, order.phone_masked) == (
        ERASED,
        None,
        None,
        None,
    )
    assert (order.status, order.customer_id) == ("settled", customer.customer_id)


async def test_what_they_wrote_before_and_is_heard_after_opens_no_ticket(
    database: Database, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    sealed = phones.seal(PHONE)
    await tell(customer, an(CustomerPurged, customer_id=customer.customer_id, version=5))
    late = an(
        SmsEnquiryReceived, customer_id=customer.customer_id, hall="ZZ01", county="zizhong", text="我是李锐",
        phone_enc=sealed.enc, phone_index=sealed.index, phone_masked=sealed.masked,
    )  # fmt: skip
    update = CustomerUpdated.model_validate(customer.model_dump(exclude={"origin"}))
    await tell(late, update)
    assert await count(database, Ticket) == 0


async def test_nothing_of_the_purged_is_in_the_files_of_the_database(
    runtime: Runtime, tell: Tell, phones: PhoneBook, clerk: httpx.AsyncClient
) -> None:
    """Not in tables, answers or the log; on PostgreSQL the tables are looked at, its files are its own business."""
    customer, database = a_customer(phones), runtime.database
    await tell(customer)
    body = {
        "kind": "enquiry", "category": "enquiry", "source": "hall_phone", "hall": "ZZ01", "summary": "李锐来电",
        "customer_id": str(customer.customer_id),
    }  # fmt: skip
    ticket = await clerk.post("/complaints/v1/tickets", json=body, headers={"Idempotency-Key": "t"})
    path = f"/complaints/v1/tickets/{ticket.json()['id']}"
    note = {"text": "已给李锐回电"}
    for key, action in (("n", "notes"), ("a", "transitions")):
        sent = note if action == "notes" else {"action": "assign", "handler": "ZZ0101", "note": "李锐的事"}
        answer = await clerk.post(
            f"{path}/{action}", json=sent, headers={"Idempotency-Key": key, "If-Match": "*"}
        )
        assert answer.status_code in (200, 201), answer.text
    await tell(an(CustomerPurged, customer_id=customer.customer_id, version=5))
    await database.scrub()
    assert await places_with(database, "李锐") == []


async def places_with(database: Database, word: str) -> list[str]:
    """Tables, and on SQLite files, in which the word stands."""
    found = []
    async with database.reading() as session:
        for table in (*tables.metadata_of("complaints").sorted_tables, *KERNEL.sorted_tables):
            rows = (await session.execute(sa.select(table))).all()
            found += [table.name] if word in str([[_shown(cell) for cell in row] for row in rows]) else []
    if database.dialect == "sqlite":
        path = Path(sa.make_url(database.url).database or "")
        found += [
            file.name for file in path.parent.glob(f"{path.name}*") if word.encode() in file.read_bytes()
        ]
    return found


def _shown(cell: Any) -> Any:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else cell
