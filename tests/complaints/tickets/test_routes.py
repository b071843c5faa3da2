"""Tickets over HTTP: what integrations rely on."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from services.complaints.tickets.models import Entry, Ticket
from shared import ids
from shared.database import Database
from shared.phones import PhoneBook
from shared.testing.outboxes import events_said
from tests.complaints.conftest import Caller
from tests.complaints.house import PHONE, Tell, a_customer, count, rows

pytestmark = pytest.mark.usefixtures("house")
URL = "/complaints/v1/tickets"
BODY = {
    "kind": "complaint",
    "category": "资费争议",
    "source": "counter",
    "hall": "ZZ01",
    "summary": "对流量费有疑问",
}


async def post(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], *, key: str | None = None
) -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key or str(ids.uuid7())})


async def a_ticket(client: httpx.AsyncClient, **change: Any) -> dict[str, Any]:
    answer = await post(client, URL, {**BODY, **change})
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


async def move(
    client: httpx.AsyncClient, ticket: dict[str, Any], action: str, **members: Any
) -> httpx.Response:
    return await post(client, f"{URL}/{ticket['id']}/transitions", {"action": action, **members})


@pytest.mark.both_databases
async def test_a_ticket_is_taken_down(clerk: httpx.AsyncClient) -> None:
    answer = await post(clerk, URL, {**BODY, "phone": PHONE})
    ticket = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{URL}/{ticket['id']}"
    assert (ticket["status"], ticket["cycle"], ticket["category"]) == ("new", 1, "tariff_doubt")
    assert ticket["number"].startswith("ZZ01-")
    assert ticket["phone_masked"] == "139********"
    assert PHONE not in answer.text
    assert {(clock["clock"], clock["state"]) for clock in ticket["clocks"]} == {
        ("first_response", "running"), ("resolution", "running"), ("legal", "running"),
    }  # fmt: skip
    got = await clerk.get(answer.headers["location"])
    assert (got.headers["etag"], got.json()["clocks"]) == (answer.headers["etag"], ticket["clocks"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"category": "没有的分类"}, "category-unknown"),
        ({"phone": "123"}, "invalid-phone"),
        ({"kind": "praise"}, "validation-failed"),
        ({"source": "activation_denied"}, "validation-failed"),
        ({"source": "work_order"}, "validation-failed"),
        ({"phone": PHONE, "customer_id": str(ids.uuid7())}, "validation-failed"),
        ({"received_at": "2099-01-01T00:00:00Z"}, "received-in-the-future"),
        ({"received_at": "2026-01-01T00:00:00"}, "validation-failed"),
        ({"received_at": "0001-01-01T00:00:00+14:00"}, "validation-failed"),
        ({"unknown": 1}, "validation-failed"),
        ({"summary": " "}, "validation-failed"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_stored(
    database: Database, clerk: httpx.AsyncClient, change: dict[str, object], code: str
) -> None:
    answer = await post(clerk, URL, {**BODY, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await count(database, Ticket) == 0


async def test_the_same_request_again_is_the_same_ticket(
    database: Database, clerk: httpx.AsyncClient
) -> None:
    first = await post(clerk, URL, BODY, key="one")
    second = await post(clerk, URL, BODY, key="one")
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")
    assert await count(database, Ticket) == 1
    assert (await clerk.post(URL, json=BODY)).status_code == 400


@pytest.mark.both_databases
async def test_a_complaint_is_settled_called_back_and_read_back(
    caller: Caller, clerk: httpx.AsyncClient, manager: httpx.AsyncClient
) -> None:
    ticket = await a_ticket(clerk)
    assert (await move(clerk, ticket, "assign", handler="ZZ0102")).json()["status"] == "assigned"
    colleague = caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0102")
    assert (await move(colleague, ticket, "respond", note="已致电")).json()["status"] == "in_progress"
    assert (await move(colleague, ticket, "pause", reason="等客户带证件")).json()["status"] == "waiting"
    assert (await move(colleague, ticket, "resume")).json()["status"] == "in_progress"
    resolved = await move(
        colleague, ticket, "resolve", cause="资费疑问，计费正确", remedy="解答说明", note="已解释"
    )
    assert (resolved.status_code, resolved.json()["status"]) == (200, "resolved")
    assert {clock["state"] for clock in resolved.json()["clocks"]} == {"met"}
    assert (await move(colleague, ticket, "close")).json()["status"] == "closed"
    [owed] = (await manager.get("/complaints/v1/callbacks", params={"status": "open"})).json()["items"]
    assert owed["number"] == ticket["number"]
    own = await post(colleague, f"{URL}/{ticket['id']}/callback", {"score": 5})
    assert (own.status_code, own.json()["code"]) == (409, "rated-by-handler")
    rated = await post(manager, f"{URL}/{ticket['id']}/callback", {"score": 5, "comment": "满意"})
    assert (rated.status_code, rated.json()["status"]) == (201, "closed")
    read = (await clerk.get(f"{URL}/{ticket['id']}")).json()
    [cycle] = read["cycles"]
    assert (cycle["cause"], cycle["remedy"], cycle["handler"], cycle["score"]) == (
        "tariff_doubt",
        "answered",
        "ZZ0102",
        5,
    )
    timeline = (await clerk.get(f"{URL}/{ticket['id']}/timeline")).json()["items"]
    assert [entry["kind"] for entry in timeline] == [
        "opened", "assigned", "responded", "paused", "resumed", "resolved", "closed", "rated",
    ]  # fmt: skip


async def test_an_illegal_move_is_refused_with_what_is_allowed(clerk: httpx.AsyncClient) -> None:
    ticket = await a_ticket(clerk)
    answer = await move(clerk, ticket, "close")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "transition-not-allowed")
    assert problem["allowed"] == ["assign", "respond", "resolve", "escalate", "withdraw"]
    assert "待派单" in problem["detail"]
    await move(clerk, ticket, "withdraw")
    assert (await move(clerk, ticket, "resolve")).json()["allowed"] == []


async def test_a_complaint_is_not_resolved_without_its_cause(clerk: httpx.AsyncClient) -> None:
    ticket = await a_ticket(clerk)
    for members, code in (({}, "cause-unknown"), ({"cause": "network"}, "remedy-unknown")):
        answer = await move(clerk, ticket, "resolve", **members)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_machine_says_which_clerk_stands_before_it(database: Database, caller: Caller) -> None:
    pos = caller("pos", hall="ZZ01", county="zizhong", subject="pos-zz01")
    ticket = await a_ticket(pos, clerk="ZZ0101", kind="enquiry", category="enquiry")
    settled = (await move(pos, ticket, "resolve", clerk="ZZ0102")).json()
    assert (settled["handler"], settled["status"]) == ("ZZ0102", "resolved")
    rated = await post(pos, f"{URL}/{ticket['id']}/callback", {"score": 4, "clerk": "ZZ0101"})
    assert rated.json()["status"] == "closed"
    assert {entry.actor for entry in await rows(database, Entry)} == {"ZZ0101", "ZZ0102"}


@pytest.mark.parametrize("path", ["", "/timeline", "/clocks/explain", "/transitions", "/notes", "/callback"])
async def test_another_hall_finds_no_such_ticket_on_any_path(
    clerk: httpx.AsyncClient, caller: Caller, path: str
) -> None:
    ticket = await a_ticket(clerk)
    other = caller("hall_manager", hall="ZZ02", county="zizhong")
    bodies: dict[str, dict[str, Any]] = {
        "/transitions": {"action": "respond"},
        "/notes": {"text": "x"},
        "/callback": {"score": 5},
    }
    url = f"{URL}/{ticket['id']}{path}"
    answer = await post(other, url, bodies[path]) if path in bodies else await other.get(url)
    assert (answer.status_code, answer.json()["code"]) == (404, "ticket-not-found")


async def test_lists_keep_to_the_callers_area(
    clerk: httpx.AsyncClient, caller: Caller, office: httpx.AsyncClient
) -> None:
    await a_ticket(clerk)
    await a_ticket(caller("clerk", hall="ZZ02", county="zizhong"), hall="ZZ02")
    await a_ticket(caller("clerk", hall="WY01", county="weiyuan"), hall="WY01")
    county = caller("county_manager", county="zizhong")
    for client, halls in ((clerk, ["ZZ01"]), (county, ["ZZ02", "ZZ01"]), (office, ["WY01", "ZZ02", "ZZ01"])):
        assert [t["hall"] for t in (await client.get(URL)).json()["items"]] == halls
        lines = (await client.get(f"{URL}/export")).text.splitlines()
        assert len(lines) == 1 + len(halls)
    assert (await caller("gateway").get(URL)).status_code == 403


async def test_another_halls_customer_and_hall_are_not_found(
    clerk: httpx.AsyncClient, tell: Tell, phones: PhoneBook
) -> None:
    stranger = a_customer(phones, clerk="WY0101")
    await tell(stranger)
    answer = await post(clerk, URL, {**BODY, "customer_id": str(stranger.customer_id)})
    assert (answer.status_code, answer.json()["code"]) == (404, "customer-not-found")
    assert (await post(clerk, URL, {**BODY, "hall": "WY01"})).status_code == 404


async def test_tickets_are_found_by_what_people_know(
    clerk: httpx.AsyncClient, tell: Tell, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    order = {"source": "10086", "number": "20261103000123"}
    by_order = await a_ticket(clerk, source="work_order", work_order=order, phone=PHONE)
    by_number = await a_ticket(clerk, kind="enquiry", category="业务咨询")
    for query, expected in (
        ({"number": "20261103000123"}, by_order), ({"number": by_number["number"]}, by_number),
        ({"customer_id": str(customer.customer_id)}, by_order), ({"kind": "enquiry"}, by_number),
        ({"source": "work_order"}, by_order), ({"category": "enquiry", "status": "new"}, by_number),
    ):  # fmt: skip
        assert [t["id"] for t in (await clerk.get(URL, params=query)).json()["items"]] == [expected["id"]]
    for wrong in ({"statsu": "new"}, {"received_from": "0001-01-01T00:00:00+14:00"}, {"status": "lost"}):
        assert (await clerk.get(URL, params=wrong)).status_code == 422
    first = (await clerk.get(URL, params={"limit": 1})).json()
    second = (await clerk.get(URL, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert ([t["id"] for t in first["items"] + second["items"]], second["next_cursor"]) == (
        [by_number["id"], by_order["id"]], None,
    )  # fmt: skip


async def test_the_explanation_lists_every_interval_and_they_add_up(clerk: httpx.AsyncClient) -> None:
    ticket = await a_ticket(clerk, received_at="2026-02-13T17:00:00+08:00")
    told = (await clerk.get(f"{URL}/{ticket['id']}/clocks/explain")).json()
    assert (told["policy_version"], told["calendar"], told["days_version"]) == (1, "ZZ01", 1)
    resolution = next(clock for clock in told["clocks"] if clock["clock"] == "resolution")
    days = [interval["start"][:10] for interval in resolution["intervals"]]
    assert days == ["2026-02-13", "2026-02-14", "2026-02-24", "2026-02-25"], (
        "the Spring Festival does not count"
    )
    assert resolution["counted_minutes"] == resolution["limit_minutes"] == 27 * 60
    assert sum(interval["minutes"] for interval in resolution["intervals"]) == 27 * 60
    assert datetime.fromisoformat(resolution["due_at"]).isoformat() == "2026-02-25T09:00:00+00:00"
    legal = next(clock for clock in told["clocks"] if clock["clock"] == "legal")
    assert (legal["basis"], legal["due_at"]) == ("natural", "2026-02-28T09:00:00Z")


async def test_a_note_is_masked_and_one_from_the_customer_asks_for_an_answer(
    clerk: httpx.AsyncClient,
) -> None:
    ticket = await a_ticket(clerk)
    await move(clerk, ticket, "respond")
    note = await post(clerk, f"{URL}/{ticket['id']}/notes", {"text": f"请打 {PHONE}", "from_customer": True})
    assert (note.status_code, note.json()["text"], note.json()["kind"]) == (
        201,
        "请打 139********",
        "contacted",
    )
    clocks = (await clerk.get(f"{URL}/{ticket['id']}")).json()["clocks"]
    assert ("next_response", "running") in {(clock["clock"], clock["state"]) for clock in clocks}


async def test_the_export_has_a_line_for_each_cycle_and_opens_in_a_spreadsheet(
    clerk: httpx.AsyncClient,
) -> None:
    ticket = await a_ticket(clerk)
    await move(clerk, ticket, "resolve", cause="=HYPERLINK", remedy="answered")
    await move(clerk, ticket, "resolve", cause="network", remedy="answered")
    await move(clerk, ticket, "reopen", reason="=1+1")
    answer = await clerk.get(f"{URL}/export")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "%E6%8A%95%E8%AF%89" in answer.headers["content-disposition"]
    lines = answer.text.lstrip("\ufeff").splitlines()
    assert lines[0].startswith("工单编号,10086工单号,类型")
    assert [line.split(",")[12] for line in lines[1:]] == ["1", "2"]
    assert ",'=1+1," in lines[2]


async def test_nothing_is_said_for_a_request_that_was_refused(
    database: Database, clerk: httpx.AsyncClient
) -> None:
    ticket = await a_ticket(clerk)
    before = await events_said(database)
    for action in ("close", "resume", "reopen", "pause"):
        assert (await move(clerk, ticket, action)).status_code == 409
    assert await events_said(database) == before
