"""Who saw whom: written before it is shown, once an hour, readable in the own area, and reading is written too."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.customer.access_log import repository, usecases
from services.customer.access_log.models import AccessLogEntry
from services.customer.access_log.repository import Filters
from services.customer.access_log.rules import Action
from services.customer.access_log.usecases import Look
from services.customer.archive.models import Customer
from shared.database import Database
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Area
from tests.customer.conftest import Caller
from tests.customer.customers import NOW, PHONE, a_customer, post

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
LOG = "/customer/v1/access-log"


@pytest.fixture
async def customer(database: Database, runtime: Runtime) -> Customer:
    return await a_customer(database, runtime.phones)


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.fixture
def auditor(caller: Caller) -> httpx.AsyncClient:
    return caller("auditor", subject="auditor-1")


async def read(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(LOG, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def kept(database: Database) -> list[str]:
    async with database.reading() as session:
        rows = await session.scalars(sa.select(AccessLogEntry).order_by(sa.column("at"), sa.column("id")))
        return [row.action for row in rows]


async def test_masked_by_default_revealed_with_who_and_why_and_not_there_for_another_hall(
    customer: Customer, clerk: httpx.AsyncClient, auditor: httpx.AsyncClient, caller: Caller
) -> None:
    path = f"/customer/v1/customers/{customer.id}"
    shown = await clerk.get(path)
    assert (shown.json()["phone_masked"], PHONE in shown.text) == ("139********", False)
    revealed = await post(clerk, f"/customers/{customer.id}/phone-reveals", {"reason": "客户要求回电"})
    assert revealed.json() == {"phone": f"+86{PHONE}"}
    neighbour = caller("clerk", hall="ZZ02", county="zizhong", subject="ZZ0201")
    for answer in (
        await neighbour.get(path),
        await post(neighbour, f"/customers/{customer.id}/phone-reveals", {"reason": "好奇"}),
        await neighbour.post("/customer/v1/customers/lookup", json={"phone": PHONE}),
    ):
        assert answer.status_code == 404
    reveal, view = await read(auditor, customer_id=str(customer.id))
    assert (view["actor"], view["role"], view["action"], view["subject_id"]) == (
        "ZZ0101",
        "clerk",
        "customer-viewed",
        str(customer.id),
    )
    assert (reveal["actor"], reveal["action"], reveal["reason"]) == (
        "ZZ0101",
        "phone-revealed",
        "客户要求回电",
    )


async def test_opening_a_record_again_within_the_hour_is_one_line_however_many_do_it_at_once(
    customer: Customer, database: Database, clerk: httpx.AsyncClient, caller: Caller
) -> None:
    path = f"/customer/v1/customers/{customer.id}"
    await asyncio.gather(*(clerk.get(path) for _ in range(12)))
    await clerk.post("/customer/v1/customers/lookup", json={"phone": PHONE})
    assert await kept(database) == ["customer-viewed"]
    manager = caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")
    await manager.get(path)
    assert await kept(database) == ["customer-viewed"] * 2


async def test_the_next_hour_is_another_line(customer: Customer, database: Database) -> None:
    look = Look("ZZ0101", "clerk", Action.VIEWED, "customer", customer.id, "ZZ01", "zizhong")
    for minutes in (0, 59, 60, 61):
        async with database.transaction() as session:
            await usecases.note(session, look, now=NOW + timedelta(minutes=minutes))
    assert await kept(database) == ["customer-viewed"] * 2


async def test_every_reveal_counts_and_a_till_is_not_a_person(
    customer: Customer, database: Database, clerk: httpx.AsyncClient, caller: Caller
) -> None:
    await caller("pos", hall="ZZ01", county="zizhong").get(f"/customer/v1/customers/{customer.id}")
    assert await kept(database) == []
    for _ in range(2):
        await post(clerk, f"/customers/{customer.id}/phone-reveals", {"reason": "客户要求回电"})
    assert await kept(database) == ["phone-revealed"] * 2


async def test_what_is_not_found_is_not_written_down(
    database: Database, clerk: httpx.AsyncClient, customer: Customer
) -> None:
    assert (
        await clerk.get(f"/customer/v1/customers/{NOW:%Y}0000-0000-7000-8000-000000000000")
    ).status_code in (
        404,
        422,
    )
    assert (
        await clerk.post("/customer/v1/customers/lookup", json={"phone": "13800000000"})
    ).status_code == 404
    assert await kept(database) == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_sheet_of_a_hall_is_written_down_every_time_whoever_takes_it(
    customer: Customer, auditor: httpx.AsyncClient, caller: Caller, form: str
) -> None:
    pos = caller("pos", hall="ZZ01", county="zizhong", subject="pos-zz01")
    for _ in range(2):
        assert (await pos.get(f"/customer/v1/archive.{form}")).status_code == 200
    lines = await read(auditor, action="archive-exported")
    assert [(e["actor"], e["subject_kind"], e["subject_id"], e["hall"]) for e in lines] == [
        ("pos-zz01", "hall", None, "ZZ01")
    ] * 2


async def test_whoever_reads_the_log_stands_in_it(
    customer: Customer, auditor: httpx.AsyncClient, database: Database
) -> None:
    assert await read(auditor, customer_id=str(customer.id)) == []
    (line,) = await read(auditor, customer_id=str(customer.id))
    assert (line["actor"], line["action"]) == ("auditor-1", "log-read")
    await read(auditor)
    await auditor.get(f"{LOG}.csv")
    assert await kept(database) == ["log-read"] * 3


async def test_the_log_is_read_in_the_own_area_only(
    customer: Customer, clerk: httpx.AsyncClient, auditor: httpx.AsyncClient, caller: Caller
) -> None:
    await clerk.get(f"/customer/v1/customers/{customer.id}")
    own = caller("county_manager", county="zizhong", subject="ZZ0001")
    other = caller("county_manager", county="weiyuan", subject="WY0001")
    assert [e["actor"] for e in await read(own)] == ["ZZ0101"]
    assert await read(other, customer_id=str(customer.id)) == []
    assert [e["actor"] for e in await read(auditor, actor="ZZ0101")] == ["ZZ0101"]
    for role in ("clerk", "hall_manager", "pos"):
        assert (await caller(role, hall="ZZ01", county="zizhong").get(LOG)).status_code == 403
    assert "WY0001" not in (await own.get(f"{LOG}.csv")).text


async def test_it_can_be_narrowed_paged_and_taken_along(
    database: Database, runtime: Runtime, auditor: httpx.AsyncClient
) -> None:
    customers = [await a_customer(database, runtime.phones, f"1390832000{n}") for n in range(5)]
    async with database.transaction() as session:
        for hours, customer in enumerate(customers):
            look = Look(
                "=ZZ0101", "clerk", Action.REVEALED, "customer", customer.id, "ZZ01", "zizhong", "回访"
            )
            await usecases.note(session, look, now=NOW + timedelta(hours=hours))
    window = {"from": (NOW + timedelta(hours=1)).isoformat(), "to": (NOW + timedelta(hours=4)).isoformat()}
    narrowed = await read(auditor, action="phone-revealed", hall="ZZ01", **window)
    assert [e["subject_id"] for e in narrowed] == [str(c.id) for c in reversed(customers[1:4])]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"actor": "=ZZ0101", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await auditor.get(LOG, params=query)).json()
        seen += [e["subject_id"] for e in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == [str(c.id) for c in reversed(customers)]
    file = await auditor.get(f"{LOG}.csv", params={"actor": "=ZZ0101"})
    assert file.content.startswith(b"\xef\xbb\xbf")
    headings, *lines = csv.reader(io.StringIO(file.content.decode("utf-8-sig")))
    assert (headings[0], len(lines), lines[0][1], lines[0][3]) == ("时间", 5, "'=ZZ0101", "查看完整号码")


@pytest.mark.parametrize(
    "query", [{"from": "yesterday"}, {"who": "me"}, {"customer_id": "x"}, {"limit": 500}]
)
async def test_a_wrong_question_is_refused(auditor: httpx.AsyncClient, query: dict[str, Any]) -> None:
    answer = await auditor.get(LOG, params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")


async def test_everything_about_a_person_includes_who_looked(
    customer: Customer, clerk: httpx.AsyncClient, database: Database
) -> None:
    await clerk.get(f"/customer/v1/customers/{customer.id}")
    async with database.reading() as session:
        mine = (await repository.everything_about(session, customer.id))["access_log"]
        page = await repository.page_of(session, Area.everything(), Filters(), PageRequest())
    assert [(e["actor"], e["action"]) for e in mine] == [("ZZ0101", "customer-viewed")]
    assert len(page.items) == 1
