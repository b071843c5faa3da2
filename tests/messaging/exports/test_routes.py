"""What the messaging service holds of a person, told on request and said to the access log."""

import pytest

from services import messaging
from shared.events.messaging import PersonalDataExported
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf
from tests.shared.personal_data import silent_capabilities

pytestmark = pytest.mark.both_databases


def test_every_capability_whose_tables_name_people_tells() -> None:
    assert silent_capabilities(messaging, "audience", "suppression") == set()


async def test_messages_words_slots_and_consents_are_told_and_the_export_is_said(
    ears: Ears, shelf: Shelf, phones: PhoneBook, caller: Caller
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    path = f"/messaging/v1/customers/{customer.customer_id}/data"
    manager = caller("hall_manager", hall="ZZ01", county="zizhong")
    answer = await manager.get(path, params={"reason": "person-request"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    document = answer.json()
    assert document["phone"] == "+8613900001234"
    held = document["held"]
    assert [m["template_code"] for m in held["messages"]] == ["intro"]
    assert held["messages"][0]["text"].startswith("【资中大十字营业厅】")
    assert [slot["slot_no"] for slot in held["cap_slots"]] == [1]
    assert len(held["consents"]) == 3
    assert not any(word in answer.text for word in ("phone_enc", "phone_index", customer.phone_index))
    (said,) = await shelf.said(PersonalDataExported)
    assert (said.service, said.exported_by, said.reason, said.hall) == (
        "messaging",
        "hall_manager-ZZ01",
        "person-request",
        "ZZ01",
    )


async def test_without_reason_scope_or_area_nothing_is_told_and_nothing_said(
    ears: Ears, shelf: Shelf, phones: PhoneBook, caller: Caller
) -> None:
    customer = people.a_customer(phones)
    await ears.hear(people.a_hall(), customer)
    path = f"/messaging/v1/customers/{customer.customer_id}/data"
    manager = caller("hall_manager", hall="ZZ01", county="zizhong")
    assert (await manager.get(path)).status_code == 422
    assert (await manager.get(path, params={"reason": "curiosity"})).status_code == 422
    asked = {"reason": "complaint"}
    assert (await caller("clerk", hall="ZZ01", county="zizhong").get(path, params=asked)).status_code == 403
    assert (
        await caller("hall_manager", hall="ZZ02", county="zizhong").get(path, params=asked)
    ).status_code == 404
    assert await shelf.said(PersonalDataExported) == []
