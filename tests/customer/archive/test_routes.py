"""The archive over HTTP: registering, finding, changing, and what nobody may see."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from services.customer.access_log.models import AccessLogEntry
from services.customer.archive.models import Customer
from services.customer.consent.models import Consent
from shared.database import Database
from shared.events.customer import CustomerNumberStored, CustomerRegistered, CustomerUpdated
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import NAME, PHONE, PLATE, post, register

pytestmark = pytest.mark.usefixtures("organisation")
AT = "2026-11-20T09:00:00+08:00"


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


@pytest.fixture
def other_hall(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ02", county="zizhong", subject="pos-2")


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def count_of(database: Database, table: Any) -> int:
    async with database.reading() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()


@pytest.mark.both_databases
async def test_a_customer_who_agreed_is_archived_and_said(pos: httpx.AsyncClient, database: Database) -> None:
    answer = await register(pos, occurred_at=AT, number_stored={**PLATE, "at": AT})
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    body = answer.json()
    assert {k: body[k] for k in ("phone_masked", "name", "hall", "county", "clerk", "tier", "sms_count")} == {
        "phone_masked": "139********", "name": NAME, "hall": "ZZ01", "county": "zizhong", "clerk": "ZZ0101",
        "tier": "C", "sms_count": 0,
    }  # fmt: skip
    assert body["archived_at"] == "2026-11-20T01:00:00Z"
    assert body["number_stored"]["by"] == "ZZ0101"
    card = (await pos.get(f"/customer/v1/customers/{body['id']}")).json()
    assert card["consents"] == {
        "archive": True,
        "service_sms": True,
        "holiday_sms": True,
        "marketing_sms": False,
    }
    said = [e for e in await events_said(database) if e.topic.startswith("customer.")]
    registered, stored = said
    assert isinstance(registered, CustomerRegistered)
    assert isinstance(stored, CustomerNumberStored)
    assert registered.granted("holiday_sms")
    assert not registered.granted("marketing_sms")
    assert (registered.fields_filled, registered.fields_total, registered.origin) == (7, 7, "pos")
    assert registered.occurred_at == registered.archived_at


async def test_the_same_request_again_has_one_effect(pos: httpx.AsyncClient, database: Database) -> None:
    first, again = await register(pos, "key-1"), await register(pos, "key-1")
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert await count_of(database, Customer) == 1


async def test_without_agreement_nothing_is_archived(pos: httpx.AsyncClient, database: Database) -> None:
    answer = await register(pos, consents={"archive": False, "service_sms": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "consent-required")
    assert await count_of(database, Customer) == await count_of(database, Consent) == 0
    assert [e for e in await events_said(database) if e.topic.startswith("customer.")] == []


async def test_a_refused_customer_leaves_no_trace_in_files_or_logs(
    pos: httpx.AsyncClient, runtime: Runtime, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level("DEBUG")
    name = "欧阳留痕"
    assert (await register(pos, consents={"archive": False}, name=name)).status_code == 422
    assert (await register(pos, consents={}, name=name, phone="１３９０８３２０００１")).status_code == 422
    await register(pos, name="王芳", phone="13908320002")  # something that must be there
    printed = capsys.readouterr()
    seen = f"{caplog.text}{printed.out}{printed.err}".encode()
    files = bytes_below(tmp_path)
    index = runtime.phones.index(PHONE).encode()
    assert "王芳".encode() in files
    for trace in (name.encode(), PHONE.encode(), PHONE[2:].encode(), index):
        assert trace not in files
        assert trace not in seen
    assert b"13908320002" not in files + seen


async def test_a_number_active_anywhere_is_a_conflict_that_names_the_record(
    pos: httpx.AsyncClient, other_hall: httpx.AsyncClient, database: Database
) -> None:
    first = (await register(pos)).json()
    again = await register(pos, phone="+86 139-0832-0001", name="王芳")
    elsewhere = await register(other_hall, hall="ZZ02", clerk="ZZ0201")
    for answer in (again, elsewhere):
        assert (answer.status_code, answer.json()["code"]) == (409, "customer-exists")
        assert answer.json()["existing_id"] == first["id"]
        assert NAME not in answer.text
    assert (await other_hall.get(f"/customer/v1/customers/{first['id']}")).status_code == 404
    assert await count_of(database, Customer) == 1


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"phone": "12345"}, "invalid-phone", None),
        ({"brand": 9}, "validation-failed", "/brand"),
        ({"habits": [4, 9]}, "validation-failed", "/habits/1"),
        ({"clerk": "ZZ0201"}, "validation-failed", "/clerk"),
        ({"clerk": "nobody"}, "validation-failed", "/clerk"),
        ({"name": "李\x00锐"}, "validation-failed", "/name"),
        ({"name": "  "}, "validation-failed", "/name"),
        ({"external_id": {"source": "pos", "id": "13908320001"}}, "validation-failed", "/external_id/id"),
        ({"occurred_at": "2099-01-01T00:00:00Z"}, "occurred-in-the-future", None),
        ({"occurred_at": "2026-11-20T09:00:00"}, "validation-failed", "/occurred_at"),
        ({"tier": "A"}, "validation-failed", "/tier"),
        (
            {"number_stored": {**PLATE, "name": "大十字", "at": AT}},
            "number-stored-differs",
            "/number_stored/name",
        ),
        (
            {"number_stored": {**PLATE, "number": "10086", "at": AT}},
            "number-stored-differs",
            "/number_stored/number",
        ),
    ],
)
async def test_what_is_wrong_is_pointed_at_and_nothing_is_archived(
    pos: httpx.AsyncClient, database: Database, change: dict[str, Any], code: str, pointer: str | None
) -> None:
    answer = await register(pos, **change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert await count_of(database, Customer) == 0


async def test_a_hall_registers_for_itself_only(pos: httpx.AsyncClient, caller: Caller) -> None:
    assert (await register(pos, hall="WY01", clerk="WY0101")).status_code == 404
    manager = caller("county_manager", county="zizhong")
    assert (await register(manager, hall="ZZ02", clerk="ZZ0201")).status_code == 201
    assert (await register(caller("auditor"))).status_code == 403


@pytest.mark.both_databases
async def test_a_change_needs_the_version_read_and_is_kept_in_the_history(
    pos: httpx.AsyncClient, database: Database
) -> None:
    path = f"/customer/v1/customers/{(await register(pos)).json()['id']}"
    assert (await pos.patch(path, json={"brand": 1})).status_code == 428
    changed = await pos.patch(
        path, json={"brand": 1, "name": "李睿", "gender": None}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["brand"], changed.json()["gender"]) == (1, None)
    assert (await pos.patch(path, json={"brand": 3}, headers={"If-Match": '"1"'})).status_code == 412
    same = await pos.patch(path, json={"brand": 1}, headers={"If-Match": '"2"'})
    assert same.headers["etag"] == '"2"'
    (kept,) = (await pos.get(f"{path}/history")).json()["items"]
    assert (kept["by"], kept["version"]) == ("pos-test", 2)
    assert kept["changes"] == [
        {"field": "name", "before": "李*", "after": "李*"},
        {"field": "brand", "before": 2, "after": 1},
        {"field": "gender", "before": "male", "after": None},
    ]
    updated = [e for e in await events_said(database) if isinstance(e, CustomerUpdated)]
    assert [(e.version, e.brand, e.fields_filled) for e in updated] == [(2, "1", 6)]


@pytest.mark.both_databases
async def test_a_wrong_number_is_corrected_unless_it_is_somebody_elses(pos: httpx.AsyncClient) -> None:
    mine, theirs = (
        (await register(pos)).json(),
        (await register(pos, phone="13908320002", name="王芳")).json(),
    )
    path = f"/customer/v1/customers/{mine['id']}"
    taken = await pos.patch(path, json={"phone": "13908320002"}, headers={"If-Match": '"1"'})
    assert (taken.status_code, taken.json()["existing_id"]) == (409, theirs["id"])
    moved = await pos.patch(path, json={"phone": "13808320003"}, headers={"If-Match": '"1"'})
    assert (moved.status_code, moved.json()["phone_masked"]) == (200, "138********")
    assert (await register(pos)).status_code == 201
    assert (await pos.patch(path, json={"name": None}, headers={"If-Match": '"2"'})).status_code == 422


@pytest.mark.both_databases
async def test_put_by_external_id_registers_once_and_then_brings_up_to_date(
    pos: httpx.AsyncClient, other_hall: httpx.AsyncClient
) -> None:
    from tests.customer.customers import a_registration

    path = "/customer/v1/customers/by-external-id/crm/77"
    first = await pos.put(path, json=a_registration())
    again = await pos.put(path, json=a_registration())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.json()["external_id"] == {"source": "crm", "id": "77"}
    different = a_registration(brand=1)
    assert (await pos.put(path, json=different)).status_code == 428
    changed = await pos.put(path, json=different, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["brand"]) == (200, '"2"', 1)
    theirs = a_registration(phone="13908320009", hall="ZZ02", clerk="ZZ0201")
    taken = await other_hall.put(path, json=theirs)
    assert (taken.status_code, taken.json()["code"]) == (409, "external-id-taken")


async def test_lists_are_filtered_and_paged_inside_the_callers_area(
    pos: httpx.AsyncClient, caller: Caller
) -> None:
    manager = caller("county_manager", county="zizhong")
    for number in range(3):
        await register(pos, phone=f"1390832000{number}", name=f"李锐{number}", brand=number + 1)
    await register(manager, phone="13908320009", hall="ZZ02", clerk="ZZ0201", name="王芳")

    async def names(client: httpx.AsyncClient, query: str) -> list[str]:
        answer = await client.get(f"/customer/v1/customers{query}")
        return [item["name"] for item in answer.json()["items"]]

    assert await names(pos, "") == ["李锐2", "李锐1", "李锐0"]
    assert await names(manager, "") == ["王芳", "李锐2", "李锐1", "李锐0"]
    assert await names(manager, "?hall=ZZ02") == ["王芳"]
    assert await names(pos, "?hall=ZZ02") == []
    assert await names(pos, "?brand=2") == ["李锐1"]
    assert await names(pos, "?clerk=ZZ0101&tier=C&q=李锐1") == ["李锐1"]
    assert await names(pos, "?q=%25") == []
    assert await names(pos, "?not_contacted_for=1d") == []
    page = (await pos.get("/customer/v1/customers?limit=2")).json()
    assert await names(pos, f"?limit=2&cursor={page['next_cursor']}") == ["李锐0"]
    assert (await pos.get("/customer/v1/customers?phone=13908320001")).status_code == 422
    assert (await pos.get("/customer/v1/customers?not_contacted_for=soon")).status_code == 422


async def test_a_number_is_looked_up_without_standing_in_the_address(
    pos: httpx.AsyncClient, other_hall: httpx.AsyncClient
) -> None:
    registered = (await register(pos)).json()
    path, lookup = "/customer/v1/customers/lookup", {"phone": "１３９ ０８３２ ０００１"}
    found = await pos.post(path, json=lookup)
    assert (found.status_code, found.json()["id"]) == (200, registered["id"])
    assert (await other_hall.post(path, json=lookup)).status_code == 404
    assert (await pos.post(path, json={"phone": "1"})).status_code == 422


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"brand": 1}),
        ("GET", "/history", None),
        ("GET", "/consents", None),
        ("POST", "/number-stored", {**PLATE, "at": AT}),
        ("POST", "/phone-reveals", {"reason": "核对号码"}),
        (
            "POST",
            "/consents",
            {"purpose": "marketing_sms", "decision": "granted", "channel": "counter", "wording_version": "v1",
             "evidence": {"kind": "signature", "reference": "1"}},
        ),
    ],
)  # fmt: skip
async def test_another_halls_customer_is_not_there_on_any_path(
    pos: httpx.AsyncClient, caller: Caller, method: str, rest: str, body: dict[str, Any] | None
) -> None:
    customer = (await register(pos)).json()["id"]
    headers = {"If-Match": "*", "Idempotency-Key": "k"}
    answers = [
        await caller("hall_manager", hall="ZZ02", county="zizhong").request(
            method, f"/customer/v1/customers/{id_}{rest}", json=body, headers=headers
        )
        for id_ in (customer, UUID(int=7))
    ]
    theirs, nobodys = ({k: v for k, v in a.json().items() if k != "request_id"} for a in answers)
    assert [a.status_code for a in answers] == [404, 404]
    assert theirs == nobodys


@pytest.mark.both_databases
async def test_a_reveal_is_written_down_before_the_number_is_shown(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    customer = (await register(pos)).json()["id"]
    clerk = caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")
    path = f"/customer/v1/customers/{customer}/phone-reveals"
    assert (await pos.post(path, json={"reason": "回访"})).status_code == 403
    assert (await clerk.post(path, json={"reason": ""})).status_code == 422
    shown = await clerk.post(path, json={"reason": "客户要求回电"})
    assert (shown.status_code, shown.json()) == (201, {"phone": "+8613908320001"})
    assert shown.headers["cache-control"] == "no-store"
    async with database.reading() as session:
        (entry,) = (await session.scalars(sa.select(AccessLogEntry))).all()
    assert (entry.actor, entry.role, str(entry.subject_id)) == ("ZZ0101", "clerk", customer)
    assert entry.reason == "客户要求回电"


async def test_the_stored_number_is_recorded_when_it_is_the_halls(
    pos: httpx.AsyncClient, database: Database
) -> None:
    path = f"/customers/{(await register(pos)).json()['id']}/number-stored"
    wrong = await post(pos, path, {"name": "大十字营业厅", "number": "0832-5520001", "at": AT})
    assert [error["code"] for error in wrong.json()["errors"]] == ["name-differs", "number-differs"]
    right = await post(pos, path, {**PLATE, "at": AT})
    assert (right.status_code, right.headers["etag"]) == (201, '"2"')
    assert right.json()["number_stored"] == {**PLATE, "at": "2026-11-20T01:00:00Z", "by": "ZZ0101"}
    stored = [e for e in await events_said(database) if isinstance(e, CustomerNumberStored)]
    assert [(e.version, e.hall_full_name, e.stored_by) for e in stored] == [(2, PLATE["name"], "ZZ0101")]


async def test_numbers_written_into_free_text_are_masked(pos: httpx.AsyncClient, database: Database) -> None:
    note = "另有号码 139-0832-0002"
    body = (await register(pos, name="李锐13908320002", habits_note=note)).json()
    assert (body["name"], body["habits_note"]) == ("李锐139********", "另有号码 139********")


async def test_the_code_tables_tell_who_owns_a_boundary(pos: httpx.AsyncClient) -> None:
    codes = (await pos.get("/customer/v1/codes")).json()
    assert set(codes) == {"brand", "age_band", "spend_band", "habit", "preference"}
    for bands in (codes["age_band"], codes["spend_band"]):
        bounds = [(band["lower"], band["upper"]) for band in bands]
        assert bounds[0][0] is None
        assert bounds[-1][1] is None
        assert [upper for _, upper in bounds[:-1]] == [lower for lower, _ in bounds[1:]]
    assert codes["spend_band"][0] == {"code": 0, "label": "30元以下", "lower": None, "upper": 30}
