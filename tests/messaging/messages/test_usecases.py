"""Retention: content and numbers go, the fact stays."""

from datetime import timedelta

import pytest

from services.messaging.messages import usecases
from services.messaging.messages.models import Message
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

OLD = timedelta(days=200)


@pytest.mark.both_databases
async def test_content_and_number_are_erased_after_retention_and_not_before(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))
    sent = clock.now() - OLD
    await shelf.change(Message, created_at=sent - OLD, submitted_at=sent, status="delivered")
    async with database.transaction() as session:
        assert not await usecases.forget_old_content(session, sent - timedelta(days=1), limit=10)
    assert (await shelf.message()).text
    async with database.transaction() as session:
        await usecases.forget_old_content(session, sent + timedelta(days=1), limit=10)
    message = await shelf.message()
    assert (message.text, message.phone_enc, message.phone_index) == ("", None, None)
    assert message.template_code == "intro"
    assert message.phone_masked == "139********"


@pytest.mark.parametrize("status", ["held", "queued", "submitting"])
async def test_what_has_still_to_be_sent_is_kept_however_old(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook, status: str
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))
    await shelf.change(Message, created_at=clock.now() - OLD, status=status)
    async with database.transaction() as session:
        await usecases.forget_old_content(session, clock.now(), limit=10)
    assert (await shelf.message()).phone_enc
