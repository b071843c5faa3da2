"""Tiers over HTTP: drafting, trying and publishing a rule, a customer's history, strategies, and who may not."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.customer.tiers import usecases
from shared import clock
from shared.database import Database
from tests.customer.conftest import Caller
from tests.customer.customers import post, register
from tests.customer.tiers.test_rules import DEFINITION

pytestmark = pytest.mark.usefixtures("organisation")
BASE = "/customer/v1"
DRAFT: dict[str, Any] = {"note": "试行", "definition": DEFINITION}


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office")


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.mark.both_databases
async def test_a_rule_is_drafted_tried_and_published_once(office: httpx.AsyncClient) -> None:
    draft = await post(office, "/tier-rules", DRAFT)
    assert (draft.status_code, draft.json()["version"], draft.json()["status"]) == (201, 2, "draft")
    tried = await office.post(f"{BASE}/tier-rules/2/trial")
    assert tried.json() == {
        "customers": 0, "now": {"A": 0, "B": 0, "C": 0}, "then": {"A": 0, "B": 0, "C": 0},
        "promoted": 0, "demoted": 0, "waiting": 0,
    }  # fmt: skip
    tomorrow = clock.business_date(clock.now()) + timedelta(days=1)
    published = await post(office, "/tier-rules/2/publication", {"effective_from": str(tomorrow)})
    assert (published.status_code, published.json()["effective_from"]) == (201, str(tomorrow))
    again = await post(office, "/tier-rules/2/publication", {})
    assert (again.status_code, again.json()["code"]) == (409, "tier-rule-published")
    listed = (await office.get(f"{BASE}/tier-rules")).json()["items"]
    assert [(rule["version"], rule["status"]) for rule in listed] == [(2, "published"), (1, "published")]
    assert (await office.get(f"{BASE}/tier-rules/1")).headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({**DRAFT, "definition": {**DEFINITION, "thresholds": {"A": 10, "B": 20}}}, "tier-rule-invalid",
         "/definition/thresholds/A"),
        ({**DRAFT, "definition": {**DEFINITION, "points": {}}}, "tier-rule-invalid", "/definition/points"),
        ({**DRAFT, "definition": {**DEFINITION, "demote_after_months": 0}}, "validation-failed",
         "/definition/demote_after_months"),
        ({"definition": DEFINITION}, "validation-failed", "/note"),
    ],
)  # fmt: skip
async def test_a_rule_that_cannot_be_meant_is_refused(
    office: httpx.AsyncClient, body: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await post(office, "/tier-rules", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_rule_is_not_published_for_the_past(office: httpx.AsyncClient) -> None:
    await post(office, "/tier-rules", DRAFT)
    answer = await post(office, "/tier-rules/2/publication", {"effective_from": "2026-01-01"})
    assert (answer.status_code, answer.json()["code"]) == (422, "publication-backdated")


async def test_a_customer_has_a_history_of_ratings_in_their_own_hall_only(
    clerk: httpx.AsyncClient, caller: Caller, database: Database, office: httpx.AsyncClient
) -> None:
    customer = (await register(clerk)).json()["id"]
    night = clock.now().astimezone(clock.SHANGHAI).replace(hour=3)
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.rate_customers(session, now=night)
    path = f"{BASE}/customers/{customer}/tier-history"
    (rating,) = (await clerk.get(path)).json()["items"]
    assert (rating["tier"], rating["from_tier"], rating["rule_version"]) == ("C", None, 1)
    assert rating["points"] == {"value": 10, "importance": 10, "potential": 20}
    elsewhere = caller("clerk", hall="ZZ02", county="zizhong", subject="ZZ0201")
    assert (await elsewhere.get(path)).status_code == 404
    (run, *_) = (await office.get(f"{BASE}/tier-runs")).json()["items"]
    proof = (await office.get(f"{BASE}/tier-runs/{run['month']}/proof")).json()
    assert (proof["customers"], proof["identical"], proof["different"]) == (1, 1, 0)
    assert (await office.get(f"{BASE}/tier-runs/2020-01/proof")).json()["code"] == "tier-run-not-found"


async def test_a_strategy_is_changed_with_the_version_read(office: httpx.AsyncClient) -> None:
    path, body = f"{BASE}/tier-strategies/A", {"target_days": 20, "max_days": 25, "owed": ["专属客户经理"]}
    listed = (await office.get(f"{BASE}/tier-strategies")).json()["items"]
    assert [(s["tier"], s["target_days"], s["max_days"]) for s in listed] == [
        ("A", 30, 45), ("B", 60, 90), ("C", 90, 120),
    ]  # fmt: skip
    assert "办理业务优先接待" in listed[0]["owed"]
    assert (await office.put(path, json=body)).status_code == 428
    changed = await office.put(path, json=body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"], changed.json()["max_days"]) == (200, '"2"', 25)
    assert (await office.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
    same = await office.put(path, json=body, headers={"If-Match": '"2"'})
    assert same.headers["etag"] == '"2"'
    reversed_ = await office.put(path, json={**body, "max_days": 5}, headers={"If-Match": '"2"'})
    assert (reversed_.status_code, reversed_.json()["code"]) == (422, "strategy-invalid")
    assert (await office.get(f"{BASE}/tier-strategies/D")).json()["code"] == "tier-unknown"


async def test_only_the_office_changes_rules_and_strategies(clerk: httpx.AsyncClient) -> None:
    assert (await post(clerk, "/tier-rules", DRAFT)).status_code == 403
    assert (await post(clerk, "/tier-rules/1/publication", {})).status_code == 403
    assert (await clerk.post(f"{BASE}/tier-rules/1/trial")).status_code == 403
    body = {"target_days": 20, "max_days": 25}
    put = await clerk.put(f"{BASE}/tier-strategies/A", json=body, headers={"If-Match": '"1"'})
    assert put.status_code == 403
    assert (await clerk.get(f"{BASE}/tier-rules")).status_code == 200
