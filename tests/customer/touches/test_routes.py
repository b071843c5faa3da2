"""Contacts and follow-ups over HTTP: logging once, due lists with counts, completion, files, and who may not."""

import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from shared import clock
from shared.database import Database
from shared.runtime import Runtime
from tests.customer.conftest import Caller
from tests.customer.customers import PROFILE, post
from tests.customer.touches.conftest import Contacted, open_of

pytestmark = pytest.mark.usefixtures("organisation")
BASE = "/customer/v1"


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


@pytest.fixture
def elsewhere(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ02", county="zizhong", subject="ZZ0200")


async def follow_ups(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get(f"{BASE}/follow-ups", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.both_databases
async def test_a_visit_is_logged_once_and_answers_with_the_next_due_day(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    now = clock.now()
    customer, today = await contacted(95, now=now), clock.business_date(now)
    body = {
        "kind": "visit",
        "occurred_at": (now - timedelta(minutes=2)).isoformat(),
        "note": "电话 13908320001 打不通",
    }
    first = await post(clerk, f"/customers/{customer.id}/touches", body, "key-1")
    again = await post(clerk, f"/customers/{customer.id}/touches", body, "key-1")
    assert (first.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    logged = first.json()
    assert (logged["made_by"], logged["recorded_by"], logged["qualifying"]) == ("ZZ0101", "ZZ0101", True)
    assert "13908320001" not in logged["note"]
    assert (logged["completed"]["status"], logged["completed"]["on_time"]) == ("completed", True)
    assert logged["follow_up"]["due_on"] == str(today + timedelta(days=90))
    same = await post(clerk, f"/customers/{customer.id}/touches", body, "key-2")
    assert (same.status_code, same.json()["code"]) == (409, "touch-exists")
    assert same.json()["existing_id"] == logged["id"]
    (listed,) = (await clerk.get(f"{BASE}/customers/{customer.id}/touches")).json()["items"]
    assert listed["id"] == logged["id"]


async def test_a_machine_logs_for_whom_it_names_or_for_the_customers_manager(
    pos: httpx.AsyncClient, contacted: Contacted
) -> None:
    customer = await contacted(5, now=clock.now())
    path = f"/customers/{customer.id}/touches"
    named = await post(pos, path, {"kind": "counter", "clerk": "ZZ0100"})
    unnamed = await post(pos, path, {"kind": "counter"})
    assert [answer.json()["made_by"] for answer in (named, unnamed)] == ["ZZ0100", "ZZ0101"]
    above = await post(pos, path, {"kind": "visit", "clerk": "ZZ0001"})
    assert above.status_code == 201


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"kind": "fax"}, "touch-invalid", "/kind"),
        ({"kind": "visit", "clerk": "ZZ0201"}, "touch-invalid", "/clerk"),
        ({"kind": "visit", "occurred_at": "2099-01-01T00:00:00Z"}, "occurred-in-the-future", None),
        ({"kind": "visit", "minutes": 5}, "validation-failed", "/minutes"),
        ({}, "validation-failed", "/kind"),
    ],
)
async def test_what_cannot_be_a_contact_is_refused(
    pos: httpx.AsyncClient, contacted: Contacted, body: dict[str, Any], code: str, pointer: str | None
) -> None:
    customer = await contacted(5, now=clock.now())
    answer = await post(pos, f"/customers/{customer.id}/touches", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])


@pytest.mark.both_databases
async def test_the_queue_tells_due_late_and_overdue_at_both_edges(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    """A1-8: due on the target day, late after it, overdue after the last day."""
    now = clock.now()
    days = {89: "upcoming", 90: "due", 91: "late", 120: "late", 121: "overdue"}
    expected = {str((await contacted(gap, now=now)).id): state for gap, state in days.items()}
    found = await follow_ups(clerk)
    assert {item["customer_id"]: item["state"] for item in found["items"]} == expected
    assert [item["days_overdue"] for item in found["items"]] == [1, 0, 0, 0, 0]
    assert {item["next_due_at"][10:] for item in found["items"]} == {"T16:00:00Z"}  # midnight in Shanghai


@pytest.mark.both_databases
async def test_upcoming_due_and_overdue_are_listed_with_their_counts_in_one_call(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    """A1-10: sorted, cursor-paged, counts in the same answer; and those nobody has contacted for sixty days."""
    now = clock.now()
    by_gap = {gap: str((await contacted(gap, now=now)).id) for gap in (10, 84, 85, 90, 100, 130)}
    counts = {"upcoming": 3, "due": 1, "late": 1, "overdue": 1}
    lists = {
        "upcoming": [85, 84, 10], "due": [100, 90], "late": [100], "overdue": [130],
        "upcoming,overdue": [130, 85, 84, 10],
    }  # fmt: skip
    for state, gaps in lists.items():
        found = await follow_ups(clerk, state=state)
        assert [item["customer_id"] for item in found["items"]] == [by_gap[gap] for gap in gaps], state
        assert found["counts"] == counts
    week = await follow_ups(clerk, state="upcoming", within="6d")
    assert [item["customer_id"] for item in week["items"]] == [by_gap[85], by_gap[84]]
    assert week["counts"] == {**counts, "upcoming": 2}
    first = await follow_ups(clerk, limit="4")
    rest = await follow_ups(clerk, limit="4", cursor=first["next_cursor"])
    seen = [item["customer_id"] for page in (first, rest) for item in page["items"]]
    assert seen == [by_gap[gap] for gap in (130, 100, 90, 85, 84, 10)]
    assert rest["next_cursor"] is None
    quiet = await follow_ups(clerk, not_contacted_for="60d")
    assert len(quiet["items"]) == 5


@pytest.mark.both_databases
async def test_customers_not_contacted_for_sixty_days_are_those_of_the_touches(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    """A1-10: a visit takes the customer off the list, an SMS logged by hand does not."""
    quiet, visited, written_to = [await contacted(70, now=clock.now()) for _ in range(3)]
    for customer, kind in ((visited, "visit"), (written_to, "message")):
        assert (await post(clerk, f"/customers/{customer.id}/touches", {"kind": kind})).status_code == 201
    answer = await clerk.get(f"{BASE}/customers", params={"not_contacted_for": "60d"})
    assert {item["id"] for item in answer.json()["items"]} == {str(quiet.id), str(written_to.id)}


async def test_lists_are_narrowed_by_clerk_tier_and_hall(
    clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    await contacted(95, now=clock.now())
    important = await contacted(95, "A", now=clock.now())
    found = await follow_ups(clerk, tier="A", clerk="ZZ0101", hall="ZZ01")
    assert [(i["customer_id"], i["state"]) for i in found["items"]] == [(str(important.id), "overdue")]
    assert found["counts"]["overdue"] == 1
    assert (await follow_ups(clerk, clerk="ZZ0100"))["items"] == []


@pytest.mark.parametrize("query", [{"state": "soon"}, {"within": "7"}, {"stat": "due"}, {"tier": "D"}])
async def test_a_filter_nobody_knows_is_refused(clerk: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await clerk.get(f"{BASE}/follow-ups", params=query)).status_code == 422


@pytest.mark.both_databases
async def test_a_follow_up_is_completed_with_its_contact(
    clerk: httpx.AsyncClient, contacted: Contacted, database: Database
) -> None:
    customer = await contacted(95, now=clock.now())
    owed = await open_of(database, customer.id)
    path = f"/follow-ups/{owed.id}/completion"
    refused = await post(clerk, path, {"kind": "message"})
    assert (refused.status_code, refused.json()["code"]) == (422, "touch-not-qualifying")
    done = await post(clerk, path, {"note": "资费满意"}, "key-1")
    assert (done.status_code, done.json()["status"], done.json()["on_time"]) == (201, "completed", True)
    assert (done.json()["touch"]["kind"], done.json()["touch"]["follow_up_id"]) == ("call", str(owed.id))
    assert done.json()["next"]["status"] == "open"
    assert (await post(clerk, path, {"note": "资费满意"}, "key-1")).headers["idempotency-replayed"] == "true"
    again = await post(clerk, path, {"kind": "visit"})
    assert (again.status_code, again.json()["code"]) == (409, "follow-up-closed")
    stored = await clerk.get(f"{BASE}/follow-ups/{owed.id}")
    assert (stored.json()["status"], stored.headers["etag"]) == ("completed", '"2"')


async def test_another_halls_follow_ups_are_not_there(
    elsewhere: httpx.AsyncClient, contacted: Contacted, database: Database, caller: Caller
) -> None:
    customer = await contacted(95, now=clock.now())
    owed = await open_of(database, customer.id)
    assert (await follow_ups(elsewhere))["items"] == []
    assert (await follow_ups(elsewhere))["counts"] == {"upcoming": 0, "due": 0, "late": 0, "overdue": 0}
    assert (await elsewhere.get(f"{BASE}/follow-ups/{owed.id}")).status_code == 404
    assert (await post(elsewhere, f"/follow-ups/{owed.id}/completion", {})).status_code == 404
    assert (await post(elsewhere, f"/customers/{customer.id}/touches", {"kind": "call"})).status_code == 404
    assert (await elsewhere.get(f"{BASE}/customers/{customer.id}/touches")).status_code == 404
    exported = await elsewhere.get(f"{BASE}/follow-ups/export", params={"format": "ndjson"})
    assert exported.content == b""
    auditor = caller("auditor")
    assert (await post(auditor, f"/customers/{customer.id}/touches", {"kind": "call"})).status_code == 403


@pytest.mark.both_databases
async def test_the_file_holds_what_the_list_shows_and_runs_nothing(
    clerk: httpx.AsyncClient, contacted: Contacted, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A1-19: NDJSON and CSV with the list's filters; a name that would be a formula is text."""
    monkeypatch.setattr("services.customer.touches.routes.EXPORT_CHUNK", 2)
    now = clock.now()
    names = ["=HYPERLINK(1)", "李锐", "王芳", "@陈", "+赵"]
    for name in names:
        await contacted(95, now=now, profile=PROFILE.__class__(name, 2, 2, 1))
    await contacted(5, now=now)
    query = {"state": "due", "clerk": "ZZ0101"}
    listed = await follow_ups(clerk, **query)
    exported = await clerk.get(f"{BASE}/follow-ups/export", params={**query, "format": "ndjson"})
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert [orjson.loads(line) for line in exported.content.splitlines()] == listed["items"]
    sheet = await clerk.get(f"{BASE}/follow-ups/export", params=query)
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in sheet.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [row["回访编号"] for row in rows] == [item["id"] for item in listed["items"]]
    assert {row["客户姓名"] for row in rows} == {"'=HYPERLINK(1)", "李锐", "王芳", "'@陈", "'+赵"}
    assert {(row["状态"], row["手机号码"]) for row in rows} == {("已过目标日", "138********")}


async def test_kinds_and_ladder_are_data_that_the_office_changes(
    caller: Caller, clerk: httpx.AsyncClient, contacted: Contacted
) -> None:
    office = caller("regional_office")
    kinds = (await clerk.get(f"{BASE}/touch-kinds")).json()["items"]
    assert [(kind["code"], kind["qualifying"]) for kind in kinds] == [
        ("visit", True), ("call", True), ("counter", True), ("message", False),
    ]  # fmt: skip
    path, body = f"{BASE}/touch-kinds/counter", {"label": "到厅接待", "qualifying": False}
    assert (await clerk.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 403
    changed = await office.put(path, json=body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    customer = await contacted(95, now=clock.now())
    logged = await post(clerk, f"/customers/{customer.id}/touches", {"kind": "counter"})
    assert (logged.json()["qualifying"], logged.json()["completed"]) == (False, None)
    assert (
        await office.put(f"{BASE}/touch-kinds/fax", json=body, headers={"If-Match": "*"})
    ).status_code == 404
    steps = (await clerk.get(f"{BASE}/follow-up-ladder")).json()["items"]
    assert [(step["step"], step["days"]) for step in steps] == [
        ("clerk", 1),
        ("hall_manager", 3),
        ("county", 7),
    ]
    ladder = f"{BASE}/follow-up-ladder"
    moved = await office.put(f"{ladder}/county", json={"days": 10}, headers={"If-Match": '"1"'})
    assert (moved.json()["days"], moved.json()["version"]) == (10, 2)
    wrong = await office.put(f"{ladder}/hall_manager", json={"days": 10}, headers={"If-Match": '"1"'})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "ladder-invalid")
    assert (
        await office.put(f"{ladder}/region", json={"days": 9}, headers={"If-Match": "*"})
    ).status_code == 404
