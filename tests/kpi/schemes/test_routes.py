"""Schemes and targets over HTTP: drafts, publication, what a published scheme forbids, plans by area."""

from typing import Any

import httpx
import pytest

from shared import ids
from tests.kpi.conftest import Caller
from tests.kpi.house import MONTH, Tell, a_month, registered, score, scores, the_house

pytestmark = pytest.mark.both_databases

DRAFT = {
    "level": "clerk",
    "name": "二期方案",
    "effective_from": "2026-11",
    "items": [
        {"indicator": "customers_archived", "weight": 60, "target": 10},
        {"indicator": "resolved_on_time", "weight": 40, "target": 0.95},
    ],
}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await client.post(f"/kpi/v1{path}", json=body, headers={"Idempotency-Key": str(ids.uuid7())})


async def test_the_first_scheme_of_every_level_is_there_and_published(caller: Caller) -> None:
    items = (await caller("auditor").get("/kpi/v1/schemes")).json()["items"]
    assert {(i["level"], i["version"], i["status"]) for i in items} == {
        (level, 1, "published") for level in ("clerk", "hall", "county", "region")
    }
    assert all(sum(item["weight"] for item in scheme["items"]) == 100 for scheme in items)


async def test_a_draft_is_published_once_and_then_fixed(caller: Caller) -> None:
    office = caller("regional_office")
    draft = await post(office, "/schemes", DRAFT)
    assert (draft.status_code, draft.json()["version"], draft.json()["status"]) == (201, 2, "draft")
    path = f"/schemes/{draft.json()['id']}"
    published = await post(office, f"{path}/publication")
    assert (published.status_code, published.json()["status"]) == (201, "published")
    again = await post(office, f"{path}/publication")
    assert (again.status_code, again.json()["code"]) == (409, "scheme-published")
    read = (await office.get(f"/kpi/v1{path}")).json()
    assert read == published.json()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            {"items": [{"indicator": "customers_archived", "weight": 99.99, "target": 1}]},
            "weights-not-hundred",
        ),
        ({"items": [{"indicator": "no_such", "weight": 100, "target": 1}]}, "indicator-unknown"),
        ({"items": [{"indicator": "activations", "weight": 50, "target": 1}] * 2}, "indicator-unknown"),
        ({"items": []}, "validation-failed"),
        ({"missing_policy": "average"}, "validation-failed"),
    ],
)
async def test_a_draft_that_cannot_work_is_refused(caller: Caller, change: dict[str, Any], code: str) -> None:
    answer = await post(caller("regional_office"), "/schemes", {**DRAFT, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_scheme_published_later_does_not_reach_back(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *a_month())
    office = caller("regional_office")
    quarter = await score(office, "2026-Q4")
    before = await scores(office, "2026-Q4")
    draft = (await post(office, "/schemes", DRAFT)).json()
    await post(office, f"/schemes/{draft['id']}/publication")
    assert await score(office, "2026-Q4") == quarter
    assert await scores(office, "2026-Q4") == before
    await score(office, "2026-11")
    clerks = await scores(office, "2026-11", level="clerk")
    assert {one["scheme_version"] for one in clerks} == {2}
    assert {one["scheme_version"] for one in before} == {1}


async def test_a_scheme_cannot_come_into_force_where_a_month_is_closed(tell: Tell, caller: Caller) -> None:
    office = caller("regional_office")
    await tell(*the_house(), *a_month())
    await post(office, f"/periods/{MONTH}/close")
    draft = (await post(office, "/schemes", {**DRAFT, "effective_from": MONTH})).json()
    refused = await post(office, f"/schemes/{draft['id']}/publication")
    assert (refused.status_code, refused.json()["code"]) == (409, "scheme-too-late")


async def test_a_plan_replaces_the_schemes_target_and_makes_a_new_run(tell: Tell, caller: Caller) -> None:
    await tell(*the_house(), *(registered("ZZ0101") for _ in range(3)))
    office = caller("regional_office")
    first = await score(office)
    plan = {
        "month": MONTH,
        "level": "clerk",
        "subject": "ZZ0101",
        "indicator": "customers_archived",
        "value": 3,
    }
    assert (await post(office, "/targets", plan)).status_code == 201
    assert (await score(office))["id"] != first["id"]
    clerk = next(one for one in await scores(office, level="clerk") if one["subject"] == "ZZ0101")
    cell = next(i for i in clerk["indicators"] if i["code"] == "customers_archived")
    assert (cell["target"], cell["points"]) == (3, 100)
    replaced = await post(office, "/targets", {**plan, "value": 6})
    listed = (await office.get("/kpi/v1/targets", params={"month": MONTH})).json()["items"]
    assert listed == [replaced.json()]


async def test_plans_are_set_and_seen_within_ones_own_area(tell: Tell, caller: Caller) -> None:
    await tell(*the_house())
    county = caller("county_manager", county="zizhong")
    plan = {"month": MONTH, "level": "hall", "subject": "ZZ01", "indicator": "activations", "value": 20}
    assert (await post(county, "/targets", plan)).status_code == 201
    for foreign in ("WY01", "NO99"):
        refused = await post(county, "/targets", {**plan, "subject": foreign})
        assert (refused.status_code, refused.json()["code"]) == (422, "subject-unknown")
    other = caller("county_manager", county="weiyuan")
    assert (await other.get("/kpi/v1/targets")).json()["items"] == []
    assert (await post(caller("clerk", hall="ZZ01", county="zizhong"), "/targets", plan)).status_code == 403
