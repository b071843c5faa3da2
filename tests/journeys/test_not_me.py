"""A product is opened at the counter, the customer answers "not me": the hall hears of it before 10086 does (C11)."""

import uuid

import pytest

from deploy.demo.organisation import STORY_CLERK
from deploy.demo.telling import Answer
from tests.journeys.desks import OFFICE, Desk, a_phone, desk, messages_of, until
from tests.journeys.houses import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]
V1 = "/customer/v1"


async def test_a_product_opened_without_the_customers_word_is_a_ticket_of_the_hall(house: House) -> None:
    async with desk(house) as pos, desk(house, OFFICE) as office:
        phone = a_phone()
        customer = (await pos.register(phone))["id"]
        offer = (await pos.get(f"{V1}/customers/{customer}/recommendations"))["items"][0]
        await pos.post(f"{V1}/recommendations/{offer['id']}/outcome", {"outcome": "accepted"})
        opened = await pos.post(f"{V1}/activations", an_activation(customer, offer["product"]))
        assert opened["recommendation_id"] == offer["id"]
        await until("确认短信已送达", lambda: confirmed(pos, customer))
        await office.post("/simulator/v1/inbound", {"from": phone, "text": "不是我"}, expect=202)
        ticket = await until("擅自开通的工单", lambda: denied(pos, customer))
        assert (ticket["kind"], ticket["source"]) == ("complaint", "activation_denied")
        await until("业务办理已标为客户否认", lambda: marked(pos, opened["id"]))
        card = await until("档案显示客户否认", lambda: shown(pos, customer))
        assert "客户否认办理" in card["recommendations"]
        withheld = await until("投诉未办结时不推荐", lambda: held_back(pos, customer))
        assert withheld["items"] == []


def an_activation(customer: str, product: str) -> Answer:
    return {
        "customer_id": customer, "product": product, "amount": "10.00", "clerk": STORY_CLERK,
        "evidence": {"kind": "signature", "reference": uuid.uuid4().hex},
    }  # fmt: skip


async def confirmed(pos: Desk, customer: str) -> Answer | None:
    messages = await messages_of(pos, customer)
    return next((m for m in messages if m["class"] == "confirmation" and m["status"] == "delivered"), None)


async def denied(pos: Desk, customer: str) -> Answer | None:
    tickets = [ticket async for ticket in pos.all("/complaints/v1/tickets", customer_id=customer)]
    return next((ticket for ticket in tickets if ticket["category"] == "unauthorised_activation"), None)


async def marked(pos: Desk, activation: str) -> Answer | None:
    found = await pos.get(f"{V1}/activations/{activation}")
    return found if found["status"] == "denied" else None


async def shown(pos: Desk, customer: str) -> Answer | None:
    card = await pos.get(f"{V1}/customers/{customer}")
    return card if "否认" in card["recommendations"] else None


async def held_back(pos: Desk, customer: str) -> Answer | None:
    found = await pos.get(f"{V1}/customers/{customer}/recommendations")
    return found if found["withheld"] == "complaint-open" else None
