"""The directory over HTTP: creation once, changes with a version, borders of halls and counties."""

from typing import Any

import httpx
import pytest

from shared.database import Database
from shared.events.customer import HallChanged
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller

pytestmark = pytest.mark.usefixtures("organisation")

HALL = {
    "code": "ZZ03",
    "county": "zizhong",
    "name": "城北营业厅",
    "registered_name": "中国移动资中城北营业厅",
    "number": "0832-5521234",
}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str = "k1") -> httpx.Response:
    return await client.post(f"/customer/v1{path}", json=body, headers={"Idempotency-Key": key})


async def test_a_hall_is_opened_once_and_read_back(caller: Caller, database: Database) -> None:
    admin = caller("admin")
    first = await post(admin, "/halls", {**HALL, "sms_from": "00:00", "sms_until": "00:00"})
    again = await post(admin, "/halls", {**HALL, "sms_from": "00:00", "sms_until": "00:00"})
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.content == first.content
    read = await admin.get("/customer/v1/halls/ZZ03")
    assert (read.status_code, read.json()) == (200, first.json())
    assert read.json()["opening"]["mon"] == [["09:00", "18:00"]]
    said = [e for e in await events_said(database) if isinstance(e, HallChanged) and e.code == "ZZ03"]
    assert [e.version for e in said] == [1]


async def test_a_change_needs_the_version_that_was_read(caller: Caller) -> None:
    admin, path = caller("admin"), "/customer/v1/halls/ZZ01"
    change = {"opening": {"mon": [["08:30", "12:00"], ["14:00", "24:00"]]}}
    assert (await admin.patch(path, json=change)).status_code == 428
    changed = await admin.patch(path, json=change, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert changed.json()["opening"] == change["opening"]
    stale = await admin.patch(path, json=change, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version-stale")
    same = await admin.patch(path, json=change, headers={"If-Match": '"2"'})
    assert (same.status_code, same.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"opening": {"mon": [["18:00", "09:00"]]}}, "/opening/mon"),
        ({"opening": {"someday": []}}, "/opening/someday"),
        ({"sms_from": "08:00:30"}, "/sms_from"),
        ({"busy_from_day": 0}, "/busy_from_day"),
        ({"county": "weiyuan"}, "/county"),
        ({"number": "问前台"}, "/number"),
        ({"name": None}, ""),
    ],
)
async def test_a_wrong_change_is_answered_with_the_place_that_is_wrong(
    caller: Caller, change: dict[str, Any], pointer: str
) -> None:
    answer = await caller("admin").patch("/customer/v1/halls/ZZ01", json=change, headers={"If-Match": '"1"'})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)


async def test_a_code_that_is_taken_is_a_conflict(caller: Caller) -> None:
    answer = await post(caller("admin"), "/halls", {**HALL, "code": "ZZ01"})
    assert (answer.status_code, answer.json()["code"]) == (409, "hall-exists")
    assert answer.json()["existing_code"] == "ZZ01"


async def test_counties_are_founded_by_those_who_see_everything(caller: Caller) -> None:
    body = {"code": "longchang", "name": "隆昌"}
    refused = await post(caller("county_manager", county="zizhong"), "/counties", body)
    assert refused.status_code == 403
    founded = await post(caller("admin"), "/counties", body)
    assert (founded.status_code, founded.json()["name"]) == (201, "隆昌")
    taken = await post(caller("admin"), "/counties", body, key="k2")
    assert (taken.status_code, taken.json()["code"]) == (409, "county-exists")


async def test_a_county_is_renamed_with_its_version(caller: Caller) -> None:
    path = "/customer/v1/counties/zizhong"
    tag = (await caller("admin").get(path)).headers["etag"]
    changed = await caller("admin").patch(path, json={"name": "资中县"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "资中县", '"2"')


async def test_everybody_sees_their_own_part_of_the_organisation(caller: Caller) -> None:
    pos = caller("pos", hall="ZZ01", county="zizhong")
    county = caller("county_manager", county="zizhong")

    async def codes(client: httpx.AsyncClient, path: str, name: str) -> list[str]:
        return [item[name] for item in (await client.get(f"/customer/v1{path}")).json()["items"]]

    assert await codes(pos, "/halls", "code") == ["ZZ01"]
    assert await codes(pos, "/counties", "code") == ["zizhong"]
    assert await codes(pos, "/clerks", "staff_no") == ["ZZ0100", "ZZ0101"]
    assert await codes(county, "/halls", "code") == ["ZZ01", "ZZ02"]
    assert await codes(county, "/clerks?hall=ZZ02", "staff_no") == ["ZZ0201"]
    assert await codes(caller("admin"), "/halls?county=weiyuan", "code") == ["WY01"]
    assert await codes(caller("admin"), "/clerks?role=hall_manager&effective_on=2026-06-01", "staff_no") == [
        "ZZ0100"
    ]
    assert await codes(caller("admin"), "/clerks?effective_on=2025-06-01", "staff_no") == []


@pytest.mark.parametrize(
    "path", ["/halls/ZZ02", "/halls/WY01", "/counties/weiyuan", "/clerks/ZZ0201", "/halls/NONE"]
)
async def test_what_lies_outside_is_not_found(caller: Caller, path: str) -> None:
    answer = await caller("pos", hall="ZZ01", county="zizhong").get(f"/customer/v1{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_pos_may_not_change_the_directory(caller: Caller) -> None:
    pos = caller("pos", hall="ZZ01", county="zizhong")
    assert (await post(pos, "/halls", HALL)).status_code == 403
    answer = await pos.patch("/customer/v1/halls/ZZ01", json={"name": "x"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 403


async def test_a_county_manager_changes_only_halls_of_the_county(caller: Caller) -> None:
    manager = caller("county_manager", county="zizhong")
    tag = {"If-Match": '"1"'}
    assert (
        await manager.patch("/customer/v1/halls/ZZ02", json={"name": "城南"}, headers=tag)
    ).status_code == 200
    assert (
        await manager.patch("/customer/v1/halls/WY01", json={"name": "x"}, headers=tag)
    ).status_code == 404
    outside = await post(manager, "/halls", {**HALL, "code": "WY02", "county": "weiyuan"})
    assert (outside.status_code, outside.json()["code"]) == (422, "place-unknown")


async def test_a_clerk_is_appointed_changed_and_read_back(caller: Caller) -> None:
    admin = caller("admin")
    body = {"staff_no": "ZZ0102", "name": "李娜", "hall": "ZZ01", "effective_from": "2026-11-01"}
    appointed = await post(admin, "/clerks", body)
    assert appointed.status_code == 201
    assert (appointed.json()["county"], appointed.json()["role"]) == ("zizhong", "clerk")
    path = "/customer/v1/clerks/ZZ0102"
    change = {"effective_to": "2026-12-31", "role": "hall_manager"}
    changed = await admin.patch(path, json=change, headers={"If-Match": appointed.headers["etag"]})
    assert (changed.status_code, changed.json()["effective_to"]) == (200, "2026-12-31")
    assert (await admin.get(path)).json() == changed.json()
    reversed_dates = await admin.patch(path, json={"effective_to": "2026-01-01"}, headers={"If-Match": '"2"'})
    assert (reversed_dates.status_code, reversed_dates.json()["code"]) == (422, "dates-reversed")
    assert (await admin.get(path)).json()["version"] == 2


async def test_lists_are_read_page_by_page(caller: Caller) -> None:
    admin, seen, cursor = caller("admin"), [], ""
    while True:
        answer = (await admin.get(f"/customer/v1/clerks?limit=2{cursor}")).json()
        seen += [item["staff_no"] for item in answer["items"]]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert seen == ["WY0101", "ZZ0001", "ZZ0100", "ZZ0101", "ZZ0201"]
