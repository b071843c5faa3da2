"""A person's own data: complete, with a reason, on the record, the number clear only for those who may see it."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

import services.customer
from services.customer.access_log.handlers import HANDLERS
from services.customer.access_log.models import AccessLogEntry
from services.customer.archive.models import Customer
from shared.bus.port import Fetched
from shared.consumer import Consumer
from shared.database import Database
from shared.events.base import Envelope
from shared.events.messaging import PersonalDataExported
from shared.runtime import Runtime
from shared.testing.buses import RecordingBus
from tests.customer.access.people import a_user, csrf_of, sign_in
from tests.customer.conftest import Caller
from tests.customer.customers import NOW, PHONE, a_customer, post
from tests.shared.personal_data import silent_capabilities

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]


@pytest.fixture
async def customer(database: Database, runtime: Runtime) -> Customer:
    return await a_customer(database, runtime.phones)


@pytest.fixture
def manager(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")


def path_of(customer: Customer) -> str:
    return f"/customer/v1/customers/{customer.id}/data"


async def looks(database: Database) -> list[AccessLogEntry]:
    async with database.reading() as session:
        found = await session.scalars(sa.select(AccessLogEntry).order_by(sa.column("at"), sa.column("id")))
        return list(found)


def test_every_capability_whose_tables_name_people_tells() -> None:
    assert silent_capabilities(services.customer, "archive") == set()


async def test_everything_held_is_told_with_the_export_itself(
    customer: Customer, manager: httpx.AsyncClient, database: Database
) -> None:
    edit = {"name": "李锐锋"}
    await manager.patch(
        f"/customer/v1/customers/{customer.id}", json=edit, headers={"If-Match": f'"{customer.version}"'}
    )
    answer = await manager.get(path_of(customer), params={"reason": "person-request"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    document = answer.json()
    assert (document["phone"], document["reason"]) == (f"+86{PHONE}", "本人申请查阅或复制")
    held = document["held"]
    assert held["customer"]["name"] == "李锐锋"
    assert {row["purpose"] for row in held["consents"]} == {
        "archive", "service_sms", "holiday_sms", "marketing_sms",
    }  # fmt: skip
    assert [change["by"] for change in held["changes"]] == ["ZZ0100"]
    assert [look["action"] for look in held["access_log"]] == ["person-exported"]
    assert {"messages", "tickets", "consent_codes", "import_lines", "tier_ratings", "script_uses"} <= set(
        held
    )
    assert document["elsewhere"] == [
        f"/{service}/v1/customers/{customer.id}/data" for service in ("messaging", "complaints")
    ]
    assert not any(word in answer.text for word in ("phone_enc", "phone_index", customer.phone_index))
    (entry,) = await looks(database)
    assert (entry.actor, entry.action, entry.reason) == ("ZZ0100", "person-exported", "本人申请查阅或复制")


async def test_a_reason_in_words_holds_no_number_and_each_export_is_a_line(
    customer: Customer, manager: httpx.AsyncClient, database: Database
) -> None:
    for _ in range(2):
        answer = await manager.post(path_of(customer), json={"reason": f"本人 {PHONE} 来厅申请"})
        assert answer.status_code == 201
    assert [entry.reason for entry in await looks(database)] == ["本人 139******** 来厅申请"] * 2


@pytest.mark.parametrize(
    "query", [{}, {"reason": ""}, {"reason": "好奇"}, {"reason": "complaint", "all": "1"}]
)
async def test_without_a_reason_nothing_is_told(
    customer: Customer, manager: httpx.AsyncClient, database: Database, query: dict[str, str]
) -> None:
    answer = await manager.get(path_of(customer), params=query)
    assert answer.status_code == 422
    assert answer.json()["code"] == ("validation-failed" if query else "reason-required")
    assert (await manager.post(path_of(customer), json={"reason": " "})).status_code == 422
    assert await looks(database) == []


async def test_another_hall_finds_nobody_and_a_clerk_may_not(
    customer: Customer, caller: Caller, database: Database
) -> None:
    elsewhere = caller("hall_manager", hall="ZZ02", county="zizhong")
    assert (await elsewhere.get(path_of(customer), params={"reason": "complaint"})).status_code == 404
    for role in ("clerk", "pos"):
        clerk = caller(role, hall="ZZ01", county="zizhong")
        assert (await clerk.get(path_of(customer), params={"reason": "complaint"})).status_code == 403
    assert await looks(database) == []


async def test_what_others_say_of_their_exports_is_in_the_same_log_once(
    customer: Customer, database: Database, runtime: Runtime
) -> None:
    event = PersonalDataExported(
        occurred_at=NOW, export_id=uuid4(), service="messaging", customer_id=customer.id, hall="ZZ01",
        county="zizhong", exported_by="ZZ0100", role="hall_manager", reason="complaint",
    )  # fmt: skip
    envelope = Envelope(uuid4(), "/messaging", event.topic, NOW, event.key, 1)
    consumer = Consumer(database, RecordingBus(), HANDLERS)
    for offset in range(2):
        fetched = Fetched(event.topic, event.key, envelope.to_headers(), event.to_json(), 0, offset)
        await consumer.handle([fetched])
    (entry,) = await looks(database)
    assert (entry.actor, entry.subject_id, entry.reason) == (
        "ZZ0100",
        customer.id,
        "短信服务：处理本人的投诉",
    )


async def test_the_person_gets_it_on_paper_in_chinese(
    customer: Customer, guest: httpx.AsyncClient, runtime: Runtime
) -> None:
    await a_user(runtime, "zz0100", role="hall_manager", staff_no="ZZ0100")
    await sign_in(guest, "zz0100")
    guest.headers.update({"accept": "text/html"})
    page = f"/customer/customers/{customer.id}/data"
    assert page in (await guest.get(f"/customer/customers/{customer.id}")).text
    token = await csrf_of(guest, page)
    wrong = await guest.post(page, data={"csrf_token": token, "reason": ""})
    assert (wrong.status_code, "请选择原因" in wrong.text) == (422, True)
    shown = await guest.post(page, data={"csrf_token": token, "reason": "person-request"})
    assert shown.status_code == 200
    for text in (
        PHONE,
        "李锐",
        "动感地带",
        "签字单",
        "新业务和优惠短信",
        "谁看过这些资料",
        "本人申请查阅或复制",
    ):
        assert text in shown.text
    assert "phone_enc" not in shown.text


async def test_an_imported_customer_is_told_of_the_sheet(
    customer: Customer, manager: httpx.AsyncClient, caller: Caller
) -> None:
    """The lines of imports are told by their outcome, not by other people's cells."""
    answer: dict[str, Any] = (await manager.get(path_of(customer), params={"reason": "complaint"})).json()
    assert answer["held"]["import_lines"] == []
    sheet = await caller("pos", hall="ZZ01", county="zizhong").get("/customer/v1/archive.csv")
    assert len(list(csv.reader(io.StringIO(sheet.content.decode("utf-8-sig"))))) > 3
    assert (
        await post(manager, f"/customers/{customer.id}/phone-reveals", {"reason": "回电"})
    ).status_code == 201
