"""What is kept, how long, and that the proof of consent does not need it (M12)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError

from services.messaging.audience.models import Consent, Customer
from services.messaging.config import MessagingSettings
from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.inbound.models import Reply
from services.messaging.messages.models import Message
from services.messaging.worker import build_worker
from shared import clock
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.scheduler import Firing
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.gateway import FakeGateway
from tests.messaging.inbound.test_usecases import reply
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

PROOF = "/messaging/v1/proofs/consents"


async def a_year_later(runtime: Runtime) -> None:
    """Every nightly erasure, as if it ran in a year."""
    then = clock.now() + timedelta(days=366)
    jobs = [job for job in build_worker(runtime).scheduler._jobs if job.name.startswith("forget_old")]
    assert len(jobs) == 4
    for job in jobs:
        async with runtime.database.transaction() as session:
            assert not await job.run(session, Firing(then, then))


async def violations(office: httpx.AsyncClient) -> list[str]:
    proof = (await office.get(PROOF)).json()
    assert proof["checked"].get("intro", 0) >= 1
    return [each["message_id"] for each in proof["violations"]]


@pytest.mark.parametrize("name", ["messaging_retention_months", "messaging_consent_retention_months"])
def test_less_than_the_law_asks_for_does_not_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValidationError):
        MessagingSettings(data=tmp_path, **{name: 4})  # type: ignore[arg-type]
    assert getattr(MessagingSettings(data=tmp_path), name) >= 5


def test_months_back_end_on_a_day_that_exists() -> None:
    at = datetime(2026, 8, 31, 4, 0, tzinfo=UTC)
    assert clock.months_before(at, 6) == datetime(2026, 2, 28, 4, 0, tzinfo=UTC)
    assert clock.months_before(at, 8) == datetime(2025, 12, 31, 4, 0, tzinfo=UTC)


@pytest.mark.both_databases
async def test_nothing_is_sent_without_consent_and_the_proof_outlives_every_erasure(
    runtime: Runtime, ears: Ears, phones: PhoneBook, caller: Caller, gateway: FakeGateway, shelf: Shelf
) -> None:
    """Peers line A2-20: each sent message names the consent it relied on, also after the purge."""
    registered = people.a_customer(phones, at=clock.now() - timedelta(hours=1))
    await ears.hear(people.a_hall(), registered)
    await Dispatcher(runtime, "simulator", gateway).step()
    office = caller("regional_office")
    (message,) = await shelf.messages()
    assert message.consent_id == registered.consents["service_sms"].consent_id
    assert await violations(office) == []
    await ears.hear(people.a_departure(registered.customer_id), people.a_purge(registered.customer_id))
    await a_year_later(runtime)
    (message,) = await shelf.messages()
    assert (message.text, message.phone_enc) == ("", None)
    assert await shelf.rows(Consent) == []
    assert await violations(office) == []
    for wrong in (
        {"consent_id": None},
        {"consent_id": uuid4(), "consent_at": clock.now() + timedelta(days=1)},
        {"consent_at": message.consent_at, "decisions": {"consent": {"granted": False}}},
    ):
        await shelf.change(Message, **wrong)
        assert await violations(office) == [str(message.id)]


async def test_a_message_names_the_consent_that_held_when_it_left(
    runtime: Runtime, ears: Ears, phones: PhoneBook, gateway: FakeGateway, shelf: Shelf
) -> None:
    registered = people.a_customer(phones, at=clock.now() - timedelta(hours=1))
    await ears.hear(people.a_hall(), registered)
    again = people.a_consent_change(registered.customer_id, "granted", version=3)
    await ears.hear(again)
    await Dispatcher(runtime, "simulator", gateway).step()
    (message,) = await shelf.messages(Message.status == "accepted")
    assert (message.consent_id, message.consent_at) == (again.consent_id, again.at)


@pytest.mark.both_databases
async def test_words_of_replies_go_and_what_they_were_taken_for_stays(runtime: Runtime, shelf: Shelf) -> None:
    await reply(runtime, "退订")
    await a_year_later(runtime)
    (row,) = await shelf.rows(Reply)
    assert (row.text, row.phone_enc, row.phone_index, row.kind) == ("", None, None, "opt_out")
    assert row.phone_masked == "139********"


@pytest.mark.both_databases
async def test_consents_are_kept_while_the_customer_is_there_and_five_months_more(
    runtime: Runtime, ears: Ears, phones: PhoneBook, shelf: Shelf
) -> None:
    stays, leaves = people.a_customer(phones), people.a_customer(phones, phone="13900005678")
    await ears.hear(people.a_hall(), stays, leaves, people.a_departure(leaves.customer_id))
    await shelf.change(
        Customer, Customer.id == leaves.customer_id, departed_at=clock.now() + timedelta(days=300)
    )
    await a_year_later(runtime)
    assert len(await shelf.rows(Consent)) == 6
    await shelf.change(Customer, Customer.id == leaves.customer_id, departed_at=clock.now())
    await a_year_later(runtime)
    assert {row.customer_id for row in await shelf.rows(Consent)} == {stays.customer_id}
