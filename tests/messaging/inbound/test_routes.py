"""Replies and their words over HTTP."""

from uuid import UUID, uuid4

import httpx
import pytest

from services.messaging.inbound.models import Reply
from shared.events.messaging import SmsEnquiryReceived, SmsOptedOut
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.inbound.test_usecases import reply
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

REPLIES = "/messaging/v1/replies"
WORDS = "/messaging/v1/reply-words"
STRANGER = "13700001111"


async def post(client: httpx.AsyncClient, path: str, **body: object) -> httpx.Response:
    return await client.post(f"{REPLIES}{path}", json=body, headers={"idempotency-key": str(uuid4())})


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


async def unmatched(client: httpx.AsyncClient) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await client.get(REPLIES, params={"unmatched": True})).json()["items"]
    return found


@pytest.mark.both_databases
async def test_a_strangers_words_wait_for_a_person_who_finds_the_customer(
    runtime: Runtime, customer: UUID, caller: Caller, shelf: Shelf
) -> None:
    await reply(runtime, "你们几点开门？", phone=STRANGER)
    await reply(runtime, "T", phone=STRANGER)
    await reply(runtime, "请问宽带怎么办理")
    office = caller("regional_office")
    (waiting,) = await unmatched(office)
    assert (waiting["phone_masked"], waiting["text"]) == ("137********", "你们几点开门？")
    matched = await post(office, f"/{waiting['id']}/match", customer_id=str(customer))
    assert (matched.json()["hall"], matched.json()["handled_by"]) == ("ZZ01", "regional_office-None")
    assert await unmatched(office) == []
    said = [(e.inbound_id, e.customer_id) for e in await shelf.said(SmsEnquiryReceived)]
    assert (UUID(waiting["id"]), customer) in said
    again = await post(office, f"/{waiting['id']}/match", customer_id=str(customer))
    assert (again.status_code, again.json()["code"]) == (409, "reply-settled")


async def test_what_needs_nothing_is_put_aside_with_a_reason(
    runtime: Runtime, caller: Caller, shelf: Shelf
) -> None:
    await reply(runtime, "中奖了请联系", phone=STRANGER)
    office = caller("regional_office")
    (waiting,) = await unmatched(office)
    assert (await post(office, f"/{waiting['id']}/dismissal", reason="")).status_code == 422
    aside = await post(office, f"/{waiting['id']}/dismissal", reason="骚扰短信，来自13700001111")
    assert aside.json()["note"] == "骚扰短信，来自137********"
    assert await unmatched(office) == []
    assert (await post(office, f"/{uuid4()}/dismissal", reason="没有")).status_code == 404


async def test_another_halls_replies_do_not_exist(runtime: Runtime, customer: UUID, caller: Caller) -> None:
    await reply(runtime, "请问宽带怎么办理")
    await reply(runtime, "你们几点开门？", phone=STRANGER)
    (own,) = (await caller("clerk", hall="ZZ01").get(REPLIES)).json()["items"]
    other = caller("hall_manager", hall="WY01", county="weiyuan")
    assert (await other.get(REPLIES)).json()["items"] == []
    assert await unmatched(other) == []
    assert (await post(other, f"/{own['id']}/match", customer_id=str(customer))).status_code == 404
    assert (await other.get(REPLIES, params={"customer_id": str(customer)})).json()["items"] == []
    assert (await post(caller("auditor"), f"/{own['id']}/dismissal", reason="试试")).status_code == 403


async def test_the_words_are_data(runtime: Runtime, customer: UUID, caller: Caller, shelf: Shelf) -> None:
    office = caller("regional_office")
    items = (await office.get(WORDS)).json()["items"]
    assert {"word": "退订", "kind": "opt_out"} in items
    more = {"items": [*items, {"word": "别 再发了！", "kind": "opt_out"}]}
    assert (await office.put(WORDS, json=more)).status_code == 200
    await reply(runtime, "别再发了")
    assert [each.keyword for each in await shelf.said(SmsOptedOut)] == ["别再发了"]
    assert [row.kind for row in await shelf.rows(Reply)] == ["opt_out"]


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([{"word": "T", "kind": "opt_out"}], "word-promised"),
        ([{"word": "R", "kind": "denial"}], "word-promised"),
        ([{"word": "R", "kind": "opt_out"}, {"word": "ｒ", "kind": "opt_out"}], "word-doubled"),
        ([{"word": "R", "kind": "opt_out"}, {"word": "。", "kind": "opt_out"}], "word-doubled"),
    ],
)
async def test_the_promised_word_stays_and_no_word_is_there_twice(
    caller: Caller, items: list[dict[str, str]], code: str
) -> None:
    answer = await caller("regional_office").put(WORDS, json={"items": items})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert (await caller("hall_manager", hall="ZZ01").put(WORDS, json={"items": items})).status_code == 403
