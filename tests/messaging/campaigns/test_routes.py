"""Campaigns over HTTP: made, counted, confirmed by somebody else; nobody else's are there."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared import clock
from tests.messaging.campaigns.conftest import CAMPAIGNS, Crowd, Made, body, post
from tests.messaging.conftest import Caller


@pytest.mark.both_databases
async def test_the_head_count_is_taken_and_confirmed_by_somebody_else(
    crowd: Crowd, author: httpx.AsyncClient, approver: httpx.AsyncClient
) -> None:
    await crowd(3, agreed=("archive", "holiday_sms"))
    await crowd(2)
    await crowd(4, hall="ZZ02")
    made = (await post(author, "", body())).json()
    assert (made["status"], made["hall"], made["class"], made["head_count"]) == (
        "draft",
        "ZZ01",
        "holiday",
        None,
    )
    counted = (await post(author, f"/{made['id']}/audience")).json()
    assert (counted["status"], counted["head_count"], counted["reachable"]) == ("counted", 5, 3)
    approved = await post(approver, f"/{made['id']}/approval", {"head_count": 5})
    assert (approved.json()["status"], approved.json()["approver"]) == ("approved", "county_manager-None")
    listed = (await author.get(CAMPAIGNS, params={"status": "approved"})).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]


async def test_a_wrong_head_count_is_refused(crowd: Crowd, made: Made, approver: httpx.AsyncClient) -> None:
    await crowd(3)
    id_ = await made("counted")
    for wrong in (2, 4):
        answer = await post(approver, f"/{id_}/approval", {"head_count": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "head-count-differs")
    assert (await post(approver, f"/{id_}/approval", {})).status_code == 422


async def test_the_author_may_not_approve(crowd: Crowd, approver: httpx.AsyncClient) -> None:
    await crowd(1)
    id_ = (await post(approver, "", body())).json()["id"]
    await post(approver, f"/{id_}/audience")
    answer = await post(approver, f"/{id_}/approval", {"head_count": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "approver-is-author")


async def test_counting_again_makes_the_earlier_count_void(
    crowd: Crowd, made: Made, author: httpx.AsyncClient, approver: httpx.AsyncClient
) -> None:
    await crowd(2)
    id_ = await made("counted")
    await crowd(1)
    await post(author, f"/{id_}/audience")
    assert (await post(approver, f"/{id_}/approval", {"head_count": 2})).status_code == 422
    assert (await post(approver, f"/{id_}/approval", {"head_count": 3})).status_code == 200


async def test_nobody_is_no_audience(crowd: Crowd, made: Made, approver: httpx.AsyncClient) -> None:
    await crowd(1)
    id_ = await made("counted", audience={"tier": ["A"]})
    answer = await post(approver, f"/{id_}/approval", {"head_count": 0})
    assert (answer.status_code, answer.json()["code"]) == (409, "audience-empty")


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 6),
        ({"tier": ["A"]}, 2),
        ({"tier": ["A", "B"]}, 3),
        ({"brand": ["1"], "preferences": ["4"]}, 2),
        ({"preferences": ["1"]}, 0),
        ({"preferences": ["14", "4"]}, 3),
        ({"hall": ["ZZ02"]}, 0),
        ({"age_band": ["3"], "spend_band": ["2"]}, 1),
    ],
)
async def test_the_filter_takes_one_of_each_list(
    crowd: Crowd, made: Made, author: httpx.AsyncClient, wanted: dict[str, Any], count: int
) -> None:
    await crowd(2, tier="A", brand="1", preferences=("4", "5"))
    await crowd(1, tier="B", brand="1", preferences=("14",))
    await crowd(1, age_band="3", spend_band="2")
    await crowd(2)
    await crowd(1, hall="ZZ02")
    id_ = await made("counted", audience=wanted)
    assert (await author.get(f"{CAMPAIGNS}/{id_}")).json()["head_count"] == count


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"template": "nowhere"}, 404, "template-not-found"),
        ({"template": "intro", "params": {}}, 422, "campaign-invalid"),
        ({"template": "complaint_result", "params": {"number": "1"}}, 422, "campaign-invalid"),
        ({"params": {"festival": "元旦"}}, 422, "params-invalid"),
        ({"params": {"festival": "元旦", "wish": "好", "more": "x"}}, 422, "params-invalid"),
        ({"hall": "WY01"}, 404, "hall-not-found"),
        ({"ends_at": "2020-01-01T00:00:00+08:00"}, 422, "validation-failed"),
        ({"ends_at": "2027-01-01T00:00:00"}, 422, "validation-failed"),
        ({"exempt": True}, 422, "validation-failed"),
        ({"class": "notice"}, 422, "validation-failed"),
        ({"audience": {"height": ["1"]}}, 422, "validation-failed"),
    ],
)
async def test_what_makes_no_campaign_is_refused(
    crowd: Crowd, author: httpx.AsyncClient, wrong: dict[str, Any], status: int, code: str
) -> None:
    await crowd(1)
    answer = await post(author, "", body(**wrong))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_spread_lies_inside_the_window(crowd: Crowd, author: httpx.AsyncClient) -> None:
    await crowd(1)
    late = (clock.now() + timedelta(hours=6)).isoformat()
    assert (await post(author, "", body(spread_until=late))).status_code == 422


async def test_the_wrong_order_is_a_conflict_that_says_what_is_allowed(
    crowd: Crowd, made: Made, author: httpx.AsyncClient
) -> None:
    await crowd(1)
    id_ = await made("draft")
    for act in ("pause", "resume"):
        answer = await post(author, f"/{id_}/{act}")
        assert (answer.status_code, answer.json()["code"]) == (409, "campaign-state")
        assert answer.json()["allowed"] == ["audience", "cancel"]
    await post(author, f"/{id_}/cancel")
    assert (await post(author, f"/{id_}/audience")).status_code == 409


async def test_another_halls_campaign_does_not_exist(crowd: Crowd, made: Made, caller: Caller) -> None:
    await crowd(1)
    id_ = await made("counted")
    other = caller("hall_manager", hall="WY01", county="weiyuan")
    assert (await other.get(f"{CAMPAIGNS}/{id_}")).status_code == 404
    assert (await other.get(f"{CAMPAIGNS}/{id_}/progress")).status_code == 404
    for act in ("audience", "pause", "resume", "cancel"):
        assert (await post(other, f"/{id_}/{act}")).status_code == 404
    elsewhere = caller("county_manager", county="weiyuan")
    assert (await post(elsewhere, f"/{id_}/approval", {"head_count": 1})).status_code == 404
    assert (await other.get(CAMPAIGNS)).json()["items"] == []


async def test_who_may_do_what(crowd: Crowd, made: Made, caller: Caller) -> None:
    await crowd(1)
    id_ = await made("counted")
    clerk, lead = caller("clerk", hall="ZZ01"), caller("hall_manager", hall="ZZ01")
    assert (await clerk.get(f"{CAMPAIGNS}/{id_}")).status_code == 200
    assert (await post(clerk, "", body())).status_code == 403
    assert (await post(lead, f"/{id_}/approval", {"head_count": 1})).status_code == 403


async def test_a_county_and_the_region_reach_their_halls(
    crowd: Crowd, caller: Caller, approver: httpx.AsyncClient
) -> None:
    await crowd(2)
    await crowd(3, hall="ZZ02")
    await crowd(4, hall="WY01", county="weiyuan")
    office = caller("regional_office")
    for client, place, count in (
        (approver, {}, 5),
        (approver, {"hall": "ZZ02"}, 3),
        (office, {}, 9),
        (office, {"county": "weiyuan"}, 4),
    ):
        id_ = (await post(client, "", body(**place))).json()["id"]
        assert (await post(client, f"/{id_}/audience")).json()["head_count"] == count
    assert (await post(approver, "", body(county="weiyuan"))).status_code == 403


async def test_the_same_key_makes_one_campaign(crowd: Crowd, author: httpx.AsyncClient) -> None:
    await crowd(1)
    wanted, key = body(), {"idempotency-key": "k-1"}
    first = await author.post(CAMPAIGNS, json=wanted, headers=key)
    second = await author.post(CAMPAIGNS, json=wanted, headers=key)
    assert first.json() == second.json()
    assert len((await author.get(CAMPAIGNS)).json()["items"]) == 1
