"""What the complaints service holds of a person, told on request and said to the access log."""

import httpx
import pytest

from services import complaints
from shared.database import Database
from shared.events.messaging import PersonalDataExported
from shared.phones import PhoneBook
from shared.testing.outboxes import events_said
from tests.complaints.conftest import Caller
from tests.complaints.house import PHONE, Tell, a_customer
from tests.complaints.tickets.test_routes import a_ticket
from tests.shared.personal_data import silent_capabilities

pytestmark = [pytest.mark.usefixtures("house"), pytest.mark.both_databases]


def test_every_capability_whose_tables_name_people_tells() -> None:
    assert silent_capabilities(complaints) == set()


async def test_tickets_with_every_line_are_told_and_the_export_is_said(
    clerk: httpx.AsyncClient, manager: httpx.AsyncClient, tell: Tell, database: Database, phones: PhoneBook
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    ticket = await a_ticket(clerk, customer_id=str(customer.customer_id))
    path = f"/complaints/v1/customers/{customer.customer_id}/data"
    answer = await manager.get(path, params={"reason": "complaint"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    document = answer.json()
    held = document["held"]
    assert document["phone"] == "139********"
    assert [t["number"] for t in held["tickets"]] == [ticket["number"]]
    assert held["tickets"][0]["summary"] == "对流量费有疑问"
    assert [line["kind"] for line in held["ticket_entries"]] == ["opened"]
    assert held["customer"]["clerk"] == "ZZ0101"
    assert not any(word in answer.text for word in (PHONE, "phone_enc", customer.phone_index))
    (said,) = [e for e in await events_said(database) if isinstance(e, PersonalDataExported)]
    assert (said.service, said.exported_by, said.reason) == ("complaints", "ZZ0100", "complaint")


async def test_without_reason_scope_or_area_nothing_is_told(
    clerk: httpx.AsyncClient, manager: httpx.AsyncClient, tell: Tell, phones: PhoneBook, caller: Caller
) -> None:
    customer = a_customer(phones)
    await tell(customer)
    path = f"/complaints/v1/customers/{customer.customer_id}/data"
    asked = {"reason": "complaint"}
    assert (await manager.get(path)).status_code == 422
    assert (await clerk.get(path, params=asked)).status_code == 403
    elsewhere = caller("hall_manager", hall="ZZ02", county="zizhong")
    assert (await elsewhere.get(path, params=asked)).status_code == 404
