"""Files from the route to the tickets: matched, repeated, shuffled, cut to the sender's halls, and never in clear."""

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.complaints.imports import usecases
from services.complaints.imports.models import ImportRow
from services.complaints.tickets.models import Ticket
from services.complaints.work_orders.models import WorkOrder
from shared import clock
from shared.database import Database
from shared.events.complaints import ComplaintOpened, WorkOrderImported
from shared.events.customer import CustomerPurged
from shared.phones import PhoneBook
from shared.testing.outboxes import events_said
from shared.testing.outboxes import said as messages_said
from tests.complaints.conftest import Caller
from tests.complaints.house import PHONE, Tell, a_customer, an, count, rows, said
from tests.complaints.imports.files import HEADINGS, a_row, as_csv, as_xlsx

pytestmark = pytest.mark.usefixtures("house")
URL = "/complaints/v1/work-orders/imports"


async def send(
    client: httpx.AsyncClient, content: bytes, *, key: str, name: str = "工单.csv", **form: str
) -> httpx.Response:
    return await client.post(
        URL, files={"file": (name, content)}, data=form, headers={"Idempotency-Key": key}
    )


async def work(database: Database) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.apply_rows(session, now=clock.now())


async def imported(
    client: httpx.AsyncClient, database: Database, content: bytes, *, key: str, **form: str
) -> dict[str, Any]:
    answer = await send(client, content, key=key, **form)
    assert answer.status_code == 202, answer.text
    await work(database)
    job: dict[str, Any] = (await client.get(answer.headers["location"])).json()
    assert job["status"] == "completed"
    return job


def counts(job: dict[str, Any]) -> dict[str, int]:
    return {name: job[name] for name in ("total", "done", "created", "updated", "unchanged", "rejected")}


async def state(database: Database) -> list[tuple[object, ...]]:
    """Orders and their tickets without what differs from run to run: ids, seals, versions, times of recording."""
    tickets = {ticket.id: ticket for ticket in await rows(database, Ticket)}
    orders = sorted(await rows(database, WorkOrder), key=lambda order: str(order.number))
    found = []
    for order in orders:
        ticket = tickets.get(order.ticket_id)
        facts = (
            order.number,
            order.status,
            order.content,
            order.source_updated_at,
            order.customer_id,
            order.hall,
        )
        found.append((*facts, ticket and (ticket.work_order_number, ticket.hall, ticket.customer_id)))
    return [*found, (len(tickets),)]


@pytest.mark.both_databases
async def test_a_file_becomes_orders_and_tickets(
    database: Database, tell: Tell, phones: PhoneBook, manager: httpx.AsyncClient
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    content = as_csv([
        a_row(), a_row("20261105000789", "13911112222", category="网络质量"), a_row("20261106000001", "0832-5520000"),
        a_row("20261106000002", hall="WY01"), a_row("20261106000003", hall="没有的营业厅"), ("",) * 10,
    ])  # fmt: skip
    job = await imported(manager, database, content, key="k1")
    assert counts(job) == {"total": 5, "done": 5, "created": 2, "updated": 0, "unchanged": 0, "rejected": 3}
    report = (await manager.get(f"{URL}/{job['id']}/rows", params={"status": "rejected"})).json()["items"]
    assert [(row["line"], row["code"]) for row in report] == [
        (4, "phone-invalid"), (5, "hall-elsewhere"), (6, "hall-elsewhere"),
    ]  # fmt: skip
    tickets = {ticket.work_order_number: ticket for ticket in await rows(database, Ticket)}
    matched = tickets["20261103000123"]
    assert (matched.customer_id, matched.clerk, matched.hall, matched.category) == (
        customer.customer_id, "ZZ0101", "ZZ01", "unauthorised_activation",
    )  # fmt: skip
    assert tickets["20261105000789"].customer_id is None
    assert {e.number: e.customer_id for e in await said(database, WorkOrderImported)} == {
        "20261103000123": customer.customer_id, "20261105000789": None,
    }  # fmt: skip
    assert {e.work_order.number for e in await said(database, ComplaintOpened) if e.work_order} == set(
        tickets
    )
    unmatched = (await manager.get("/complaints/v1/work-orders", params={"unmatched": "true"})).json()[
        "items"
    ]
    assert [order["number"] for order in unmatched] == ["20261105000789"]
    assert {row.staged for row in await rows(database, ImportRow)} == {None}


@pytest.mark.parametrize("form", ["gb18030", "xlsx"])
async def test_other_forms_give_the_same(database: Database, manager: httpx.AsyncClient, form: str) -> None:
    orders = [a_row(), a_row("20261105000789", 13911112222)]
    above, below = [("10086 投诉工单",), ()], [(), ("注：请按时办结",)]
    content = (
        as_csv(orders, encoding=form) if form == "gb18030" else as_xlsx(orders, above=above, below=below)
    )
    assert counts(await imported(manager, database, content, key="k"))["created"] == 2
    assert {order.phone_masked for order in await rows(database, WorkOrder)} == {"139********"}


@pytest.mark.both_databases
async def test_the_same_file_again_changes_nothing(database: Database, manager: httpx.AsyncClient) -> None:
    content = as_csv([a_row(), a_row("20261105000789", "13911112222")])
    await imported(manager, database, content, key="k1")
    before, events = await state(database), await events_said(database)
    job = await imported(manager, database, content, key="k2")
    assert counts(job)["unchanged"] == 2
    assert await state(database) == before
    assert await events_said(database) == events


async def test_the_same_request_again_is_answered_from_memory(
    database: Database, manager: httpx.AsyncClient
) -> None:
    content = as_csv([a_row()])
    first, second = await send(manager, content, key="k"), await send(manager, content, key="k")
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")
    assert (await send(manager, as_csv([a_row("20261105000789")]), key="k")).status_code == 422


async def test_only_a_newer_row_changes_an_order(database: Database, manager: httpx.AsyncClient) -> None:
    settled = a_row(status="已办结", updated="2026-11-06 10:00:00", content="已退费")
    await imported(manager, database, as_csv([a_row()]), key="k1")
    assert counts(await imported(manager, database, as_csv([settled]), key="k2"))["updated"] == 1
    assert counts(await imported(manager, database, as_csv([a_row()]), key="k3"))["unchanged"] == 1
    [order] = await rows(database, WorkOrder)
    assert (order.status, order.content, order.version) == ("settled", "已退费", 2)
    assert [e.version for e in await said(database, WorkOrderImported)] == [1, 2]
    assert await count(database, Ticket) == 1


async def test_shuffled_and_overlapping_files_end_the_same(
    database: Database, tell: Tell, phones: PhoneBook, manager: httpx.AsyncClient, tmp_path: Path
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    everything = [
        a_row(f"2026110300{n % 9:04d}", f"139000000{n % 9:02d}", updated=f"2026-11-{3 + n // 9:02d} 10:00:00",
              status="处理中" if n < 18 else "已办结", content=f"第 {n} 行")
        for n in range(27)
    ]  # fmt: skip
    await imported(manager, database, as_csv(everything), key="whole")
    expected, dice = await state(database), random.Random(7)
    for turn in range(4):
        cut = dice.randrange(5, 20)
        shuffled = dice.sample(everything, len(everything))
        await imported(manager, database, as_csv(shuffled[: cut + 4]), key=f"a{turn}")
        await imported(manager, database, as_csv(shuffled[cut:]), key=f"b{turn}")
        assert await state(database) == expected


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_files_into_an_empty_house_ends_the_same(
    database: Database, manager: httpx.AsyncClient, seed: int
) -> None:
    everything = [
        a_row(f"2026110300{n % 5:04d}", f"139000000{n % 5:02d}", updated=f"2026-11-{3 + n // 5:02d} 10:00:00",
              status="已办结" if n >= 10 else "处理中", content=f"第 {n // 5} 版")
        for n in range(15)
    ]  # fmt: skip
    for n, row in enumerate(random.Random(seed).sample(everything, len(everything))):
        await send(manager, as_csv([row]), key=f"k{n}")
    await work(database)
    found = {order.number: (order.status, order.content) for order in await rows(database, WorkOrder)}
    assert found == {f"2026110300{n:04d}": ("settled", "第 2 版") for n in range(5)}
    assert await count(database, Ticket) == 5


async def test_a_dry_run_tells_and_does_nothing(database: Database, manager: httpx.AsyncClient) -> None:
    job = await imported(manager, database, as_csv([a_row()]), key="k", dry_run="true")
    assert counts(job)["created"] == 1
    assert [await count(database, model) for model in (WorkOrder, Ticket)] == [0, 0]
    assert await events_said(database) == []


async def test_an_order_taken_down_by_hand_is_linked_and_not_opened_again(
    database: Database, manager: httpx.AsyncClient
) -> None:
    body = {"kind": "complaint", "category": "资费争议", "source": "work_order", "hall": "ZZ01",
            "summary": "对流量费有疑问", "phone": PHONE,
            "work_order": {"source": "10086", "number": "20261103000123"}}  # fmt: skip
    answer = await manager.post("/complaints/v1/tickets", json=body, headers={"Idempotency-Key": "t"})
    assert answer.status_code == 201, answer.text
    newer = a_row(updated="2027-11-06 10:00:00")
    assert counts(await imported(manager, database, as_csv([newer]), key="k"))["updated"] == 1
    [order] = await rows(database, WorkOrder)
    assert str(order.ticket_id) == answer.json()["id"]
    assert await count(database, Ticket) == 1


async def test_the_office_may_send_orders_that_name_no_known_hall(
    database: Database, office: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    job = await imported(office, database, as_csv([a_row(hall="不知道的营业厅")]), key="k")
    assert counts(job)["created"] == 1
    assert await count(database, Ticket) == 0
    assert len((await office.get("/complaints/v1/work-orders")).json()["items"]) == 1
    assert (await manager.get("/complaints/v1/work-orders")).json()["items"] == []


@pytest.mark.both_databases
async def test_a_customer_archived_later_is_matched_and_one_erased_is_forgotten(
    database: Database, tell: Tell, phones: PhoneBook, manager: httpx.AsyncClient
) -> None:
    await imported(manager, database, as_csv([a_row()]), key="k")
    customer = a_customer(phones)
    await tell(customer)
    [order] = await rows(database, WorkOrder)
    [ticket] = await rows(database, Ticket)
    assert (order.customer_id, ticket.customer_id) == (customer.customer_id, customer.customer_id)
    assert [e.customer_id for e in await said(database, WorkOrderImported)] == [None, customer.customer_id]
    await tell(an(CustomerPurged, customer_id=customer.customer_id, version=9))
    [order] = await rows(database, WorkOrder)
    assert (order.content, order.phone_enc, order.customer_id) == (
        "（客户资料已清除）",
        None,
        customer.customer_id,
    )


async def test_no_number_is_ever_on_disk_or_on_the_bus(
    database: Database, manager: httpx.AsyncClient, tmp_path: Path
) -> None:
    talkative = a_row(content=f"联系电话 {PHONE}，请回电", status=f"处理中{PHONE}")
    shifted = (PHONE, "10086", *a_row("20261105000789")[2:])
    await send(manager, as_csv([talkative, shifted]), key="k", name=f"{PHONE}.csv")
    before = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    await work(database)
    after = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert PHONE.encode() not in before + after
    assert all(PHONE.encode() not in message.value for message in await messages_said(database))
    assert await count(database, WorkOrder) == 1


async def test_files_that_are_none_are_refused_with_a_reason(manager: httpx.AsyncClient) -> None:
    without = as_csv([("1", "2")], headings=HEADINGS[:2])
    for content, code in (
        (b"", "file-unreadable"),
        (b"\xd0\xcf\x11\xe0", "file-unreadable"),
        (without, "columns-missing"),
    ):
        answer = await send(manager, content, key="k")
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_another_hall_sees_no_import_and_a_clerk_may_not_send_one(
    caller: Caller, manager: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    place = (await send(manager, as_csv([a_row()]), key="k")).headers["location"]
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    assert (await elsewhere.get(place)).status_code == 404
    assert (await elsewhere.get(f"{place}/rows")).status_code == 404
    assert (await send(clerk, as_csv([a_row()]), key="k")).status_code == 403


@pytest.mark.both_databases
async def test_several_workers_apply_a_row_once(database: Database, manager: httpx.AsyncClient) -> None:
    orders = [a_row(f"2026110300{n:04d}", f"139000000{n % 50:02d}") for n in range(120)]
    places = [(await send(manager, as_csv(orders), key=f"k{n}")).headers["location"] for n in range(2)]
    await asyncio.gather(*(work(database) for _ in range(3)))
    jobs = [(await manager.get(place)).json() for place in places]
    assert [(job["status"], job["created"], job["unchanged"]) for job in jobs] == [
        ("completed", 120, 0),
        ("completed", 0, 120),
    ]
    assert [await count(database, model) for model in (WorkOrder, Ticket)] == [120, 120]
    assert len(await said(database, WorkOrderImported)) == 120
