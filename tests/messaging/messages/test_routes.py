"""What is shown of messages, and to whom."""

from collections.abc import Sequence
from uuid import uuid4

import httpx
import pytest

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Submitted
from services.messaging.messages.models import Message
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf


@pytest.fixture
async def sent(
    ears: Ears, phones: PhoneBook, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> Sequence[Message]:
    """An introduction of which nobody knows whether it was sent."""
    await ears.hear(people.a_hall(), people.a_customer(phones))
    gateway.answer = Submitted("unknown", code="ReadTimeout")
    await Dispatcher(runtime, "simulator", gateway).step()
    return await shelf.messages()


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong")


async def test_a_message_shows_its_state_and_no_number(
    clerk: httpx.AsyncClient, sent: Sequence[Message]
) -> None:
    answer = await clerk.get(f"/messaging/v1/messages/{sent[0].id}")
    assert answer.headers["etag"] == f'"{sent[0].version}"'
    shown = answer.json()
    assert (shown["status"], shown["class"], shown["phone_masked"]) == ("unknown", "intro", "139********")
    assert "13900001234" not in answer.text
    assert "phone_enc" not in shown


async def test_lists_filter_and_page(clerk: httpx.AsyncClient, ears: Ears, phones: PhoneBook) -> None:
    customers = [people.a_customer(phones, phone=f"139{number:08d}") for number in range(5)]
    await ears.hear(people.a_hall())
    await ears.hear(*customers)
    first = (await clerk.get("/messaging/v1/messages", params={"limit": 3, "class": "intro"})).json()
    rest = (
        await clerk.get(
            "/messaging/v1/messages", params={"limit": 3, "cursor": first["next_cursor"], "class": "intro"}
        )
    ).json()
    assert len({item["id"] for item in first["items"] + rest["items"]}) == 5
    assert rest["next_cursor"] is None
    one = await clerk.get("/messaging/v1/messages", params={"customer_id": str(customers[0].customer_id)})
    assert [item["customer_id"] for item in one.json()["items"]] == [str(customers[0].customer_id)]
    assert (await clerk.get("/messaging/v1/messages", params={"status": "held"})).json()["items"] == []
    assert (await clerk.get("/messaging/v1/messages", params={"state": "held"})).status_code == 422
    assert (await clerk.get("/messaging/v1/messages", params={"status": "gone"})).status_code == 422


async def test_why_tells_consent_slot_hours_template_and_answers(
    clerk: httpx.AsyncClient, sent: Sequence[Message]
) -> None:
    why = (await clerk.get(f"/messaging/v1/messages/{sent[0].id}/why")).json()
    assert why["consent"]["consent_id"] == str(sent[0].consent_id)
    assert why["consent"]["granted"]
    assert (why["cap"]["pool"], why["cap"]["slot"]) == ("monthly", 1)
    assert why["quiet_hours"] == {"allowed_minutes": [[0, 1440]], "held_until": None}
    assert (why["template"]["code"], why["template"]["version"]) == ("intro", 1)
    assert [(a["source"], a["said"], a["code"]) for a in why["gateway_answers"]] == [
        ("submit", "unknown", "ReadTimeout")
    ]


async def test_unknown_messages_are_listed_with_their_age(
    clerk: httpx.AsyncClient, sent: Sequence[Message]
) -> None:
    (unknown,) = (await clerk.get("/messaging/v1/unknowns")).json()["items"]
    assert unknown["id"] == str(sent[0].id)
    assert 0 <= unknown["age_seconds"] < 60


async def test_another_halls_message_does_not_exist(caller: Caller, sent: Sequence[Message]) -> None:
    other = caller("clerk", hall="WY01", county="weiyuan")
    for path in (f"messages/{sent[0].id}", f"messages/{sent[0].id}/why"):
        assert (await other.get(f"/messaging/v1/{path}")).status_code == 404
    for path in ("messages", "unknowns"):
        assert (await other.get(f"/messaging/v1/{path}")).json()["items"] == []
    county = caller("county_manager", county="zizhong")
    assert (await county.get(f"/messaging/v1/messages/{sent[0].id}")).status_code == 200


async def test_a_message_nobody_has_is_not_found(clerk: httpx.AsyncClient) -> None:
    answer = await clerk.get(f"/messaging/v1/messages/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "message-not-found")


async def test_without_a_token_nothing_is_shown(guest: httpx.AsyncClient) -> None:
    assert (await guest.get("/messaging/v1/messages")).status_code == 401


async def test_the_budget_counts_the_month_by_class(
    clerk: httpx.AsyncClient, sent: Sequence[Message]
) -> None:
    budget = (await clerk.get(f"/messaging/v1/customers/{sent[0].customer_id}/sms-budget")).json()
    assert (budget["used"], budget["cap"], budget["left"], budget["next_free_at"]) == (1, 2, 1, None)
    assert budget["by_class"]["intro"]["used"] == 1
    assert budget["by_class"]["service"]["left"] == 1
    assert budget["by_class"]["notice"] == {
        "pool": None, "shared_with": [], "used": 0, "cap": None, "left": None, "min_gap_days": 0,
        "next_free_at": None,
    }  # fmt: skip
    past = await clerk.get(
        f"/messaging/v1/customers/{sent[0].customer_id}/sms-budget", params={"month": "2026-01"}
    )
    assert past.json()["used"] == 0
