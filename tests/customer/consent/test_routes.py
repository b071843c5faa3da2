"""The wordings, and a customer's own ledger, over HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from shared import clock
from shared.database import Database
from tests.customer.conftest import Caller
from tests.customer.customers import post, register

pytestmark = pytest.mark.usefixtures("organisation")
EVIDENCE = {"kind": "signature", "reference": "2026-11-0002"}


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


def a_decision(decision: str, **changes: Any) -> dict[str, Any]:
    usual = {"purpose": "marketing_sms", "decision": decision, "channel": "counter", "wording_version": "v1"}
    return {**usual, "evidence": EVIDENCE, **changes}


@pytest.mark.both_databases
async def test_the_words_to_read_aloud_are_there(pos: httpx.AsyncClient, guest: httpx.AsyncClient) -> None:
    wordings = (await pos.get("/customer/v1/consent-wordings")).json()
    (wording,) = wordings["items"]
    assert wordings["current"] == wording["version"] == "v1"
    assert "保密" in wording["introduction"]
    assert set(wording["questions"]) == {"archive", "service_sms", "holiday_sms", "marketing_sms"}
    assert (await guest.get("/customer/v1/consent-wordings")).status_code == 401


@pytest.mark.both_databases
async def test_the_state_is_told_as_of_any_moment(pos: httpx.AsyncClient) -> None:
    customer = (await register(pos, occurred_at="2026-11-01T00:00:00Z")).json()["id"]
    path = f"/customers/{customer}/consents"
    for decision, day in (("granted", 2), ("withdrawn", 4), ("granted", 6)):
        answer = await post(pos, path, a_decision(decision, at=f"2026-11-0{day}T00:00:00Z"))
        assert (answer.status_code, answer.json()["clerk"]) == (201, "ZZ0101")
    told = []
    for day in (1, 3, 5, 7):
        ledger = (await pos.get(f"/customer/v1{path}?as_of=2026-11-0{day}T00:00:00Z")).json()
        told.append((len(ledger["items"]), ledger["state"]["marketing_sms"]))
    assert told == [(3, False), (4, True), (5, False), (6, True)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "everything"},
        {"decision": "perhaps"},
        {"evidence": {"kind": "", "reference": "1"}},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"channel": "x" * 21},
    ],
)
async def test_a_decision_that_is_wrong_is_refused(pos: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    customer = (await register(pos)).json()["id"]
    answer = await post(pos, f"/customers/{customer}/consents", {**a_decision("granted"), **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")


async def test_a_number_is_as_good_a_version_as_a_text(pos: httpx.AsyncClient) -> None:
    customer = (await register(pos)).json()["id"]
    answer = await post(pos, f"/customers/{customer}/consents", a_decision("granted", wording_version=2))
    assert (answer.status_code, answer.json()["wording_version"]) == (201, "2")


def a_wording(**changes: Any) -> dict[str, Any]:
    usual = {
        "version": "v2", "effective_from": clock.business_date(clock.now()).isoformat(),
        "introduction": "您好，我是{hall}的{clerk}，想为您建一份客户档案，资料严格保密，您随时可以撤回。",
        "questions": {
            "archive": "是否同意保存？", "service_sms": "是否愿意收服务短信？", "holiday_sms": "是否愿意收节日问候？",
            "marketing_sms": "是否愿意收新业务短信？",
        },
    }  # fmt: skip
    return {**usual, **changes}


@pytest.mark.both_databases
async def test_other_words_are_published_for_a_day_and_never_changed(
    pos: httpx.AsyncClient, caller: Caller, database: Database
) -> None:
    office = caller("regional_office", subject="RO01")
    tomorrow = clock.business_date(clock.now()) + timedelta(days=1)
    later = await post(office, "/consent-wordings", a_wording(version="v3", effective_from=f"{tomorrow}"))
    now = await post(office, "/consent-wordings", a_wording())
    assert (later.status_code, now.status_code, now.json()["published_by"]) == (201, 201, "RO01")
    known = (await pos.get("/customer/v1/consent-wordings")).json()
    assert (known["current"], [w["version"] for w in known["items"]]) == ("v2", ["v3", "v2", "v1"])
    again = await post(office, "/consent-wordings", a_wording(introduction="换一种说法，" * 5))
    assert (again.status_code, again.json()["code"]) == (409, "wording-exists")
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as session:
            await session.execute(sa.text("UPDATE consent_wordings SET introduction = 'x'"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"effective_from": "2026-01-01"}, "wording-from-the-past"),
        ({"questions": {"archive": "是否同意？"}}, "validation-failed"),
        ({"introduction": "您好，我是{hall}的{name}，想为您建一份客户档案，资料保密。"}, "validation-failed"),
        ({"introduction": "短"}, "validation-failed"),
    ],
)
async def test_words_that_cannot_be_read_aloud_are_refused(
    caller: Caller, change: dict[str, Any], code: str
) -> None:
    answer = await post(caller("admin"), "/consent-wordings", a_wording(**change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_words_are_the_office_s_to_choose(pos: httpx.AsyncClient, caller: Caller) -> None:
    for client in (pos, caller("county_manager", county="zizhong")):
        assert (await post(client, "/consent-wordings", a_wording())).status_code == 403
