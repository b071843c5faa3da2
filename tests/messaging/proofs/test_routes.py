"""The proof is computed from gateway answers: it sees what the slots do not."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.messages.models import GatewayAnswer, Message
from shared import clock
from shared.database import insert_rows
from shared.phones import PhoneBook
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases
PROOF = "/messaging/v1/proofs/sms-cap"


async def test_the_proof_counts_what_gateways_took_and_finds_nobody_over_the_cap(
    ears: Ears, phones: PhoneBook, runtime: Runtime, gateway: FakeGateway, caller: Caller
) -> None:
    customers = [people.a_customer(phones, phone=f"139{number:08d}") for number in range(3)]
    await ears.hear(people.a_hall())
    await ears.hear(*customers)
    await ears.hear(people.a_complaint(customers[0].customer_id))
    await Dispatcher(runtime, "simulator", gateway).step()
    proof = (await caller("auditor").get(PROOF)).json()
    assert proof["violations"] == []
    assert proof["pools"] == [
        {
            "pool": "monthly", "classes": ["holiday", "intro", "marketing", "service"], "cap": 2, "customers": 3,
            "messages": 3,
        }
    ]  # fmt: skip
    assert proof["exempt"] == {"notice": 1}
    assert (await caller("auditor").get(PROOF, params={"month": "2026-01"})).json()["pools"][0][
        "messages"
    ] == 0


async def test_a_message_sent_past_the_slots_is_found(
    ears: Ears, phones: PhoneBook, runtime: Runtime, gateway: FakeGateway, caller: Caller, shelf: Shelf
) -> None:
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall(), registered)
    await Dispatcher(runtime, "simulator", gateway).step()
    original = await shelf.message()
    now = clock.now()
    copies = [
        Message(**{**original.model_dump(), "id": uuid4(), "cause": f"smuggled:{n}", "cap_slot": None})
        for n in range(2)
    ]
    answers = [
        {
            "message_id": copy.id, "gateway": "simulator", "attempt": 1, "source": "submit", "said": "accepted",
            "at": now, "submitted_at": now - timedelta(seconds=1), "recorded_at": now, "segment": 0, "segments": 1,
        }
        for copy in copies
    ]  # fmt: skip
    async with runtime.database.transaction() as session:
        await insert_rows(session, Message, copies)
        await insert_rows(session, GatewayAnswer, answers)
    proof = (await caller("auditor").get(PROOF)).json()
    assert proof["violations"] == [
        {"customer_id": str(registered.customer_id), "pool": "monthly", "count": 3, "cap": 2}
    ]
    elsewhere = (await caller("county_manager", county="weiyuan").get(PROOF)).json()
    assert elsewhere["violations"] == []


async def test_a_clerk_has_no_proofs(caller: Caller) -> None:
    assert (await caller("clerk", hall="ZZ01", county="zizhong").get(PROOF)).status_code == 403
