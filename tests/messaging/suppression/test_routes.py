"""The list of numbers that must not be written to."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.messages.models import Message
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.gateway import FakeGateway
from tests.messaging.inbound.test_usecases import reply
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

LIST = "/messaging/v1/suppressions"
NOTE = {"note": "客户到厅口头要求不再联系"}


async def post(client: httpx.AsyncClient, path: str = "", **body: Any) -> httpx.Response:
    return await client.post(f"{LIST}{path}", json=body, headers={"idempotency-key": str(uuid4())})


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(LIST, params=query)).json()["items"]
    return found


@pytest.fixture
async def customer(ears: Ears, phones: PhoneBook) -> UUID:
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall(), registered)
    return registered.customer_id


@pytest.fixture
def lead(caller: Caller) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong")


@pytest.mark.both_databases
async def test_what_is_queued_does_not_leave_and_after_lifting_others_may(
    runtime: Runtime, customer: UUID, lead: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf, ears: Ears
) -> None:
    added = (await post(lead, customer_id=str(customer), **NOTE)).json()
    assert (added["reason"], added["phone_masked"], added["hall"]) == (
        "do-not-contact",
        "139********",
        "ZZ01",
    )
    await Dispatcher(runtime, "simulator", gateway).step()
    assert [(m.status, m.reason) for m in await shelf.messages()] == [("suppressed", "do-not-contact")]
    await ears.hear(people.a_complaint(customer))
    await Dispatcher(runtime, "simulator", gateway).step()
    (notice,) = await shelf.messages(Message.message_class == "notice")
    assert notice.status == "accepted"
    lifted = await post(lead, f"/{added['id']}/lift", reason="客户改变主意")
    assert (lifted.json()["lifted_by"], lifted.json()["lifted_because"]) == (
        "hall_manager-ZZ01",
        "客户改变主意",
    )
    assert await listed(lead) == []
    assert [each["id"] for each in await listed(lead, lifted=True)] == [added["id"]]
    assert (await post(lead, f"/{added['id']}/lift", reason="再来一次")).json()[
        "code"
    ] == "suppression-lifted"


@pytest.mark.both_databases
async def test_a_number_is_found_by_itself_and_the_entry_comes_back_in_force(
    customer: UUID, lead: httpx.AsyncClient
) -> None:
    first = (await post(lead, phone="139 0000 1234", reason="number-dead", **NOTE)).json()
    assert UUID(first["customer_id"]) == customer
    await post(lead, f"/{first['id']}/lift", reason="号码已更正")
    again = (await post(lead, phone="13900001234", reason="number-dead", note="又成空号")).json()
    assert (again["id"], again["lifted_at"], again["note"]) == (first["id"], None, "又成空号")
    assert [each["id"] for each in await listed(lead, reason="number-dead")] == [first["id"]]
    assert await listed(lead, reason="opted-out") == []


async def test_an_opt_out_is_the_customers_to_take_back(
    runtime: Runtime, customer: UUID, lead: httpx.AsyncClient
) -> None:
    await reply(runtime, "TD")
    (entry,) = await listed(lead)
    assert (entry["reason"], UUID(entry["customer_id"])) == ("opted-out", customer)
    answer = await post(lead, f"/{entry['id']}/lift", reason="误发")
    assert (answer.status_code, answer.json()["code"]) == (409, "opt-out-stands")


async def test_another_halls_numbers_are_not_there(
    customer: UUID, lead: httpx.AsyncClient, caller: Caller
) -> None:
    entry = (await post(lead, customer_id=str(customer), **NOTE)).json()
    other = caller("hall_manager", hall="WY01", county="weiyuan")
    assert await listed(other) == []
    assert (await other.get(f"{LIST}/{entry['id']}")).status_code == 404
    assert (await post(other, f"/{entry['id']}/lift", reason="试试看")).status_code == 404
    assert (await post(other, customer_id=str(customer), **NOTE)).status_code == 404
    assert (await post(other, phone="13900001234", **NOTE)).status_code == 404
    assert (await post(other, phone="13700001111", **NOTE)).status_code == 404
    assert (await post(caller("regional_office"), phone="13700001111", **NOTE)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [{}, NOTE, {**NOTE, "phone": "123"}, {**NOTE, "phone": "13900001234", "customer_id": str(uuid4())},
     {"phone": "13900001234", "note": " "}, {**NOTE, "phone": "13900001234", "reason": "opted-out"}],
)  # fmt: skip
async def test_half_an_entry_is_refused(lead: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await post(lead, **body)).status_code == 422


async def test_a_clerk_may_look_and_not_change(customer: UUID, caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert await listed(clerk) == []
    assert (await post(clerk, customer_id=str(customer), **NOTE)).status_code == 403
