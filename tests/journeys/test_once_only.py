"""Fifty registrations of one number at once make one customer; the same request again gets the same answer."""

import asyncio
import uuid
from collections import Counter

import pytest

from deploy.demo.organisation import STORY_HALL
from tests.journeys.desks import a_phone, a_registration, a_ticket, desk, open_ticket
from tests.journeys.houses import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

PARALLEL = 50


async def test_fifty_registrations_of_one_number_make_one_customer(house: House) -> None:
    name, body = f"唯{uuid.uuid4().hex[:8]}", a_registration(a_phone())
    async with desk(house) as pos:
        asked = (
            pos.ask("POST", "/customer/v1/customers", json=body | {"name": name}) for _ in range(PARALLEL)
        )
        answers = await asyncio.gather(*asked)
        listed = [c async for c in pos.all("/customer/v1/customers", hall=STORY_HALL, q=name)]
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: PARALLEL - 1}
    (created,) = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["existing_id"] for refusal in refusals} == {created}
    assert [customer["id"] for customer in listed] == [created]


async def test_the_same_request_again_gets_the_same_answer_and_no_second_effect(house: House) -> None:
    async with desk(house) as pos:
        key, body = str(uuid.uuid4()), a_registration(a_phone())
        first = await pos.ask("POST", "/customer/v1/customers", json=body, key=key)
        again = [await pos.ask("POST", "/customer/v1/customers", json=body, key=key) for _ in range(3)]
        assert first.status_code == 201
        for answer in again:
            assert (answer.status_code, answer.content) == (201, first.content)
            assert answer.headers["etag"] == first.headers["etag"]
            assert answer.headers["idempotency-replayed"] == "true"
        other = await pos.ask("POST", "/customer/v1/customers", json=body | {"name": "别人"}, key=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

        customer = first.json()["id"]
        await open_ticket(pos, customer)
        key, ticket = str(uuid.uuid4()), a_ticket(customer, summary="同一个请求")
        opened = await asyncio.gather(
            *(pos.ask("POST", "/complaints/v1/tickets", json=ticket, key=key) for _ in range(10))
        )
        numbers = {a.json()["number"] for a in opened if a.status_code == 201}
        assert {a.status_code for a in opened} <= {201, 409}
        assert len(numbers) == 1
        listed = [t async for t in pos.all("/complaints/v1/tickets", customer_id=customer)]
        assert len(listed) == 2
