"""Retention: content and numbers go, the fact stays."""

from datetime import timedelta

import pytest

from services.messaging.messages import usecases
from services.messaging.messages.models import RETENTION, Message
from shared import clock
from shared.database import Database
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf


@pytest.mark.both_databases
async def test_content_and_number_are_erased_after_retention_and_not_before(
    database: Database, ears: Ears, shelf: Shelf, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall(), people.a_customer(phones))
    await shelf.change(Message, created_at=clock.now() - RETENTION + timedelta(days=1))
    async with database.transaction() as session:
        assert not await usecases.forget_old_content(session, now=clock.now(), limit=10)
    assert (await shelf.message()).text
    async with database.transaction() as session:
        await usecases.forget_old_content(session, now=clock.now() + timedelta(days=2), limit=10)
    message = await shelf.message()
    assert (message.text, message.phone_enc, message.phone_index) == ("", None, None)
    assert message.template_code == "intro"
    assert message.phone_masked == "139********"
