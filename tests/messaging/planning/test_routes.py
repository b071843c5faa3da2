"""Messages asked for over HTTP."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.messaging.messages.models import Message
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

CONTENT = {"content": "本周多雨，出行请带伞。"}


async def ask(
    client: httpx.AsyncClient, customer: UUID, *, key: str | None = None, **body: Any
) -> httpx.Response:
    body = {"customer_id": str(customer), "template": "service", "params": CONTENT, **body}
    return await client.post(
        "/messaging/v1/messages", json=body, headers={"idempotency-key": key or str(uuid4())}
    )


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    """One who agreed to service and holiday SMS; the introduction is planned."""
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong")


async def test_a_message_is_planned_and_says_whose_cap_it_uses(
    pos: httpx.AsyncClient, customer: UUID
) -> None:
    answer = await ask(pos, customer)
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued"
    assert answer.json()["cap"] == {"pool": "monthly", "month": answer.json()["cap"]["month"], "slot": 2}
    assert answer.headers["location"] == f"/messaging/v1/messages/{answer.json()['id']}"


async def test_over_the_cap_is_an_answer_and_not_an_error(pos: httpx.AsyncClient, customer: UUID) -> None:
    await ask(pos, customer)
    answer = await ask(pos, customer)
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (
        202,
        "suppressed",
        "cap-reached",
    )


async def ask_until_served(pos: httpx.AsyncClient, customer: UUID) -> httpx.Response:
    """All sixty wait for one customer's lock; on a slow machine some are asked to come again, as a client would."""
    while (answer := await ask(pos, customer)).status_code == 503:
        await asyncio.sleep(float(answer.headers["retry-after"]))
    return answer


@pytest.mark.both_databases
async def test_sixty_requests_at_once_fill_the_cap_and_no_more(
    pos: httpx.AsyncClient, customer: UUID, shelf: Shelf
) -> None:
    answers = await asyncio.gather(*(ask_until_served(pos, customer) for _ in range(60)))
    assert Counter(answer.json()["status"] for answer in answers) == {"queued": 1, "suppressed": 59}
    assert len(await shelf.slots()) == 2


async def test_without_consent_the_message_is_suppressed(pos: httpx.AsyncClient, customer: UUID) -> None:
    answer = await ask(pos, customer, template="new_business", params=CONTENT)
    assert (answer.status_code, answer.json()["reason"]) == (202, "no-consent")


async def test_advertising_waits_for_an_open_complaint(
    pos: httpx.AsyncClient, ears: Ears, phones: PhoneBook
) -> None:
    registered = people.a_customer(phones, agreed=["archive", "marketing_sms"])
    await ears.hear(people.a_hall(), registered, people.a_complaint(registered.customer_id))
    answer = await ask(pos, registered.customer_id, template="new_business", params=CONTENT)
    assert answer.json()["reason"] == "complaint-open"


async def test_the_same_key_is_the_same_message(pos: httpx.AsyncClient, customer: UUID, shelf: Shelf) -> None:
    first, second = await ask(pos, customer, key="k-1"), await ask(pos, customer, key="k-1")
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(await shelf.messages()) == 2


async def test_a_message_needs_a_key(pos: httpx.AsyncClient, customer: UUID) -> None:
    body = {"customer_id": str(customer), "template": "service", "params": CONTENT}
    answer = await pos.post("/messaging/v1/messages", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"template": "nowhere"}, 404, "template-not-found"),
        ({"params": {}}, 422, "params-invalid"),
        ({"params": {**CONTENT, "other": "x"}}, 422, "params-invalid"),
        ({"params": {"content": "请拨打13900001234"}}, 422, "params-invalid"),
        ({"params": {"content": "【别的厅】"}}, 422, "validation-failed"),
        ({"template": "complaint_result", "params": {"number": "1"}}, 422, "template-reserved"),
        ({"exempt": True}, 422, "validation-failed"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    pos: httpx.AsyncClient, customer: UUID, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await ask(pos, customer, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_another_halls_customer_does_not_exist(caller: Caller, customer: UUID) -> None:
    other = caller("clerk", hall="WY01", county="weiyuan")
    assert (await ask(other, customer)).status_code == 404
    assert (await other.get(f"/messaging/v1/customers/{customer}/sms-budget")).status_code == 404


async def test_an_auditor_may_read_and_not_send(caller: Caller, customer: UUID) -> None:
    assert (await ask(caller("auditor"), customer)).status_code == 403


async def test_routes_of_gateways_are_the_administrators(caller: Caller) -> None:
    route = {"hall": "*", "class": "*", "gateway": "simulator", "fallback": None}
    admin, routes = caller("admin"), {"items": [route]}
    assert (await admin.get("/messaging/v1/gateway-routes")).json() == routes
    wanted = {"items": [route, {**route, "hall": "ZZ01", "class": "service"}]}
    assert (await admin.put("/messaging/v1/gateway-routes", json=wanted)).json() == wanted
    assert (await admin.get("/messaging/v1/gateway-routes")).json() == wanted
    assert (await caller("hall_manager", hall="ZZ01").get("/messaging/v1/gateway-routes")).status_code == 403


@pytest.mark.parametrize(
    ("gateway", "fallback", "code"),
    [("pigeon", None, "gateway-not-set-up"), ("simulator", "pigeon", "gateway-not-set-up"),
     ("simulator", "simulator", "validation-failed")],
)  # fmt: skip
async def test_a_route_to_a_gateway_that_is_not_there_is_refused(
    caller: Caller, gateway: str, fallback: str | None, code: str
) -> None:
    route = {"hall": "*", "class": "*", "gateway": gateway, "fallback": fallback}
    answer = await caller("admin").put("/messaging/v1/gateway-routes", json={"items": [route]})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.both_databases
async def test_a_withdrawn_purpose_blocks_its_own_messages_and_never_the_answer_to_a_complaint(
    pos: httpx.AsyncClient, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    """Marketing and holiday withdrawn, service granted: what a clerk sends by hand passes the same gate."""
    agreed = ["archive", "service_sms", "holiday_sms", "marketing_sms"]
    customer = people.a_customer(phones, agreed=agreed)
    id_ = customer.customer_id
    await ears.hear(people.a_hall(), customer)
    await ears.hear(
        people.a_consent_change(id_, "withdrawn", purpose="marketing_sms", version=2),
        people.a_consent_change(id_, "withdrawn", purpose="holiday_sms", version=3),
    )
    greeting = {"festival": "元旦", "wish": "新年快乐"}
    for template, params in (("new_business", CONTENT), ("holiday", greeting)):
        answer = (await ask(pos, id_, template=template, params=params)).json()
        assert (answer["status"], answer["reason"]) == ("suppressed", "no-consent")
    assert (await ask(pos, id_)).json()["status"] in ("queued", "held")
    await ears.hear(people.a_complaint(id_), people.a_resolution(id_))
    results = await shelf.messages(Message.template_code == "complaint_result")
    assert [message.status for message in results] == ["queued"]
