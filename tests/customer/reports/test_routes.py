"""Market reports and work reports over HTTP: said once, written by their author, counted from the record."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from shared import clock
from shared.database import Database
from shared.events.customer import ReportSubmitted
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import post, register

pytestmark = pytest.mark.usefixtures("organisation")
SEEN = {
    "kind": "competitor", "title": "联通降价", "content": "城南联通厅 59 元套餐", "competitor": "联通",
    "observed_on": "2026-11-20",
}  # fmt: skip


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


def today() -> str:
    return str(clock.business_date(clock.now()))


async def said(database: Database) -> list[ReportSubmitted]:
    return [event for event in await events_said(database) if isinstance(event, ReportSubmitted)]


async def generated(
    clerk: httpx.AsyncClient, kind: str = "daily", period: str | None = None
) -> httpx.Response:
    return await post(clerk, "/work-reports", {"kind": kind, "period": period or today()})


@pytest.mark.both_databases
async def test_a_market_report_is_said_once_and_corrected_by_its_author(
    clerk: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    written = await post(clerk, "/market-reports", SEEN, key="m-1")
    again = await post(clerk, "/market-reports", SEEN, key="m-1")
    assert (written.status_code, again.content) == (201, written.content)
    path = f"/customer/v1/market-reports/{written.json()['id']}"
    changed = await clerk.patch(path, json={"title": "联通促销"}, headers={"If-Match": '"1"'})
    assert (changed.json()["title"], changed.headers["etag"]) == ("联通促销", '"2"')
    manager = caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")
    refused = await manager.patch(path, json={"title": "x"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not-the-author")
    assert (await manager.get(path)).json()["title"] == "联通促销"
    (event,) = await said(database)
    assert (event.kind, event.clerk, event.hall, event.period) == (
        "competitor",
        "ZZ0101",
        "ZZ01",
        "2026-11-20",
    )


@pytest.mark.both_databases
async def test_a_work_report_counts_from_the_record_and_is_handed_in_once(
    clerk: httpx.AsyncClient, pos: httpx.AsyncClient, database: Database
) -> None:
    customer = (await register(pos)).json()["id"]
    await register(pos, phone="13908320002", occurred_at="2026-01-05T10:00:00+08:00")
    report = (await generated(clerk)).json()
    assert (report["figures"]["registrations"], report["figures"]["touches"]) == (1, 0)
    touched = await post(clerk, f"/customers/{customer}/touches", {"kind": "call"})
    assert touched.status_code == 201, touched.text
    path = f"/customer/v1/work-reports/{report['id']}"
    commented = await clerk.patch(path, json={"comment": "今天忙"}, headers={"If-Match": '"1"'})
    assert (commented.json()["figures"]["touches"], commented.json()["comment"]) == (1, "今天忙")
    last_words = {"comment": "一切顺利，请回电13908320001"}
    handed_in = await post(clerk, f"/work-reports/{report['id']}/submission", last_words)
    assert (handed_in.status_code, handed_in.json()["status"]) == (200, "submitted")
    assert handed_in.json()["comment"] == "一切顺利，请回电139********"
    twice = await post(clerk, f"/work-reports/{report['id']}/submission", {})
    late = await clerk.patch(path, json={"comment": "改"}, headers={"If-Match": "*"})
    assert {answer.json()["code"] for answer in (twice, late)} == {"report-submitted"}
    (event,) = await said(database)
    assert (event.kind, event.period, event.due_at) == (
        "work_daily",
        today(),
        datetime.fromisoformat(report["due_at"]),
    )


async def test_a_clerk_has_one_report_of_a_period(clerk: httpx.AsyncClient, pos: httpx.AsyncClient) -> None:
    first = await generated(clerk)
    second = await generated(clerk)
    assert (second.status_code, second.json()["code"]) == (409, "report-exists")
    assert second.json()["existing_id"] == first.json()["id"]
    other = await post(pos, "/work-reports", {"kind": "daily", "period": today(), "clerk": "ZZ0101"})
    assert other.status_code == 409


async def test_periods_that_are_none_or_to_come_are_refused(clerk: httpx.AsyncClient) -> None:
    tomorrow = str(clock.business_date(clock.now() + timedelta(days=1)))
    wrong = [("daily", tomorrow), ("daily", "2026-11"), ("weekly", "2026-W60"), ("monthly", "2026-13")]
    for kind, period in wrong:
        answer = await generated(clerk, kind, period)
        assert (answer.status_code, answer.json()["code"]) == (422, "period-invalid"), (kind, period)


async def test_somebody_who_works_nowhere_has_no_report(pos: httpx.AsyncClient, caller: Caller) -> None:
    body = {"kind": "daily", "period": today(), "clerk": "XX9999"}
    assert (await post(pos, "/work-reports", body)).json()["code"] == "clerk-unknown"
    elsewhere = {**body, "clerk": "WY0101"}
    assert (await post(pos, "/work-reports", elsewhere)).json()["code"] == "clerk-unknown"


async def test_another_hall_sees_no_report_and_lists_are_narrowed(
    clerk: httpx.AsyncClient, caller: Caller
) -> None:
    work = (await generated(clerk)).json()["id"]
    market = (await post(clerk, "/market-reports", SEEN)).json()["id"]
    elsewhere = caller("hall_manager", hall="WY01", county="weiyuan")
    paths = [f"/customer/v1/work-reports/{work}", f"/customer/v1/market-reports/{market}"]
    for path in paths:
        body = {"comment": "x"} if "work" in path else {"title": "x"}
        assert (await elsewhere.get(path)).status_code == 404
        assert (await elsewhere.patch(path, json=body, headers={"If-Match": "*"})).status_code == 404
    assert (await post(elsewhere, f"/work-reports/{work}/submission", {})).status_code == 404
    for name, query in (("work-reports", {"status": "draft"}), ("market-reports", {"kind": "competitor"})):
        assert len((await clerk.get(f"/customer/v1/{name}", params=query)).json()["items"]) == 1
        assert (await elsewhere.get(f"/customer/v1/{name}")).json()["items"] == []
    assert (await post(caller("auditor"), "/market-reports", SEEN)).status_code == 403


async def test_a_report_without_content_is_refused(clerk: httpx.AsyncClient) -> None:
    bodies: list[dict[str, Any]] = [
        {**SEEN, "content": "  "},
        {**SEEN, "title": ""},
        {**SEEN, "kind": "gossip"},
    ]
    for body in bodies:
        assert (await post(clerk, "/market-reports", body)).status_code == 422
