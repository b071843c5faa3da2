"""Policies, calendars and code tables over HTTP."""

import httpx
import pytest

from tests.complaints.conftest import Caller

pytestmark = pytest.mark.usefixtures("house")
URL = "/complaints/v1"
LEGAL = {"kind": "complaint", "clock": "legal", "minutes": 21_600, "warn_minutes": 14_400, "basis": "natural"}
HOURS = {
    "hours": {"1": [["09:00", "12:00"], ["14:00", "18:00"]], "2": [["09:00", "18:00"]]},
    "holiday": [],
    "makeup": [["09:00", "12:00"]],
}


async def test_the_policy_is_published_in_versions(
    office: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    first = (await clerk.get(f"{URL}/policies")).json()
    assert first["versions"] == [1]
    body = {"note": "只留法定时限", "limits": [LEGAL]}
    answer = await office.post(f"{URL}/policies", json=body, headers={"Idempotency-Key": "p"})
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert (await clerk.get(f"{URL}/policies")).json()["versions"] == [2, 1]
    old = (await clerk.get(f"{URL}/policies", params={"version": 1})).json()["items"][0]
    assert len(old["limits"]) == len(first["items"][0]["limits"]) > 5


async def test_a_policy_beyond_the_law_is_refused(office: httpx.AsyncClient) -> None:
    body = {"limits": [{**LEGAL, "minutes": 30_000}]}
    answer = await office.post(f"{URL}/policies", json=body, headers={"Idempotency-Key": "p"})
    assert (answer.status_code, answer.json()["code"]) == (422, "policy-invalid")
    assert "15 个自然日" in answer.json()["detail"]


async def test_a_halls_calendar_is_set_on_what_was_read(
    office: httpx.AsyncClient, clerk: httpx.AsyncClient
) -> None:
    listed = {c["hall"]: c for c in (await clerk.get(f"{URL}/business-calendars")).json()["items"]}
    assert (listed["ZZ01"]["source"], listed["*"]["hours"]["1"]) == ("directory", [["09:00", "18:00"]])
    path = f"{URL}/business-calendars/ZZ01"
    assert (await office.put(path, json=HOURS)).status_code == 428
    assert (await office.put(path, json=HOURS, headers={"If-Match": '"9"'})).status_code == 412
    answer = await office.put(path, json=HOURS, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"], answer.json()["source"]) == (
        200,
        '"2"',
        "administrator",
    )
    overlapping = {**HOURS, "hours": {"1": [["09:00", "12:00"], ["11:00", "18:00"]]}}
    assert (await office.put(path, json=overlapping, headers={"If-Match": '"2"'})).status_code == 422


async def test_a_year_of_days_is_loaded(
    office: httpx.AsyncClient, clerk: httpx.AsyncClient, caller: Caller
) -> None:
    path = f"{URL}/calendar-days/2027"
    body = {
        "source": "国务院办公厅通知",
        "days": [{"day": "2027-02-06", "is_workday": False, "name": "春节"}],
    }
    assert (await clerk.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 403
    answer = await office.put(path, json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["years"]) == (200, [2024, 2025, 2026, 2027])
    read = (await clerk.get(f"{URL}/calendar-days")).json()
    assert (read["version"], read["items"][-1]["day"]) == (2, "2027-02-06")


@pytest.mark.parametrize(
    ("path", "code"), [("categories", "network"), ("causes", "billing_error"), ("remedies", "refunded")]
)
async def test_the_code_tables_have_chinese_names(clerk: httpx.AsyncClient, path: str, code: str) -> None:
    items = (await clerk.get(f"{URL}/{path}")).json()["items"]
    names = {item["code"]: item["name"] for item in items}
    assert code in names
    assert not any(name.isascii() for name in names.values())
