"""The wordings, and a customer's own ledger, over HTTP."""

from typing import Any

import httpx
import pytest

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
