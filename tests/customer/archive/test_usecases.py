"""What the archive does, on real databases: one of fifty wins, the ledger grows, everything can be said again."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.customer.archive import repository, usecases
from services.customer.archive.errors import CustomerExists, CustomerNotFound
from services.customer.archive.models import Customer
from services.customer.archive.usecases import ChangeConsent, resync
from services.customer.consent import repository as ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.errors import ConsentFromTheFuture
from services.customer.consent.rules import Decision, Entry, Evidence, Purpose
from services.customer.consent.schemas import ConsentLedger
from shared.database import Database
from shared.events.customer import CustomerConsentChanged, CustomerRegistered, CustomerUpdated
from shared.runtime import Runtime
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.customers import NOW, a_command, a_customer

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]


async def change(
    database: Database, customer: Customer, purpose: Purpose, decision: Decision, minutes: int
) -> Entry:
    command = ChangeConsent(
        area=Area(hall="ZZ01", county="zizhong"),
        customer_id=customer.id,
        purpose=purpose,
        decision=decision,
        at=NOW + timedelta(minutes=minutes),
        channel="counter",
        clerk="ZZ0101",
        wording_version="v1",
        evidence=Evidence("signature", "2"),
    )
    async with database.transaction() as session:
        _, entry = await usecases.change_consent(session, command, now=NOW + timedelta(minutes=minutes))
    return entry


async def test_of_fifty_registrations_of_one_number_one_wins(database: Database, runtime: Runtime) -> None:
    outcomes = await asyncio.gather(
        *(a_customer(database, runtime.phones) for _ in range(50)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, Customer)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, CustomerExists)]
    assert (len(won), len(lost)) == (1, 49)
    assert {error.extras["existing_id"] for error in lost} == {won[0].id}
    assert len([e for e in await events_said(database) if isinstance(e, CustomerRegistered)]) == 1
    async with database.reading() as session:
        assert len(await ledger.entries_of(session, won[0].id)) == 4


@pytest.mark.parametrize("statement", ["UPDATE {} SET hall = 'X'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["consents", "access_log"])
async def test_the_database_refuses_to_change_what_is_append_only(
    database: Database, runtime: Runtime, table: str, statement: str
) -> None:
    """Whoever asks, the owner of the tables included; SQLite knows no TRUNCATE and refuses it as well."""
    customer = await a_customer(database, runtime.phones)
    reveal = usecases.RevealPhone(Area.everything(), customer.id, "ZZ0101", "clerk", "回访")
    async with database.transaction() as session:
        await usecases.reveal_phone(session, reveal, now=NOW)
    refused = 'near "TRUNCATE"' if (database.dialect, statement[:3]) == ("sqlite", "TRU") else "append-only"
    with pytest.raises(DBAPIError, match=refused):
        async with database.transaction() as session:
            await session.execute(sa.text(statement.format(table)))
    async with database.reading() as session:
        assert await session.scalar(sa.text(f"SELECT count(*) FROM {table} WHERE hall = 'ZZ01'"))


async def test_a_withdrawal_is_a_new_row_and_is_said_with_the_next_version(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    withdrawn = await change(database, customer, Purpose.MARKETING_SMS, Decision.WITHDRAWN, 1)
    granted = await change(database, customer, Purpose.MARKETING_SMS, Decision.GRANTED, 2)
    async with database.reading() as session:
        entries = await ledger.entries_of(session, customer.id)
    told = [
        consent_rules.granted(entries, NOW + timedelta(minutes=m))[Purpose.MARKETING_SMS] for m in range(3)
    ]
    assert told == [True, False, True]
    said = [e for e in await events_said(database) if isinstance(e, CustomerConsentChanged)]
    assert [(e.version, e.decision, e.consent_id) for e in said] == [
        (2, "withdrawn", withdrawn.id),
        (3, "granted", granted.id),
    ]


async def test_granted_withdrawn_and_granted_again_is_three_rows_and_each_moment_knows_its_answer(
    database: Database, runtime: Runtime
) -> None:
    """Before the first word, after each of the three, through the ledger as `as_of` reads it."""
    answers = {**dict.fromkeys(Purpose, False), Purpose.ARCHIVE: True}
    customer = await a_customer(database, runtime.phones, answers=answers)
    for minutes, decision in ((10, Decision.GRANTED), (20, Decision.WITHDRAWN), (30, Decision.GRANTED)):
        await change(database, customer, Purpose.MARKETING_SMS, decision, minutes)
    async with database.reading() as session:
        entries = await ledger.entries_of(session, customer.id)
    mine = [entry for entry in entries if entry.purpose == Purpose.MARKETING_SMS]
    assert [entry.decision for entry in mine] == ["granted", "withdrawn", "granted"]
    at = [NOW + timedelta(minutes=minutes) for minutes in (5, 10, 25, 30)]
    told = [ConsentLedger.of(entries, moment) for moment in at]
    assert [ledger.state[Purpose.MARKETING_SMS] for ledger in told] == [False, True, False, True]
    assert [len(ledger.items) for ledger in told] == [1, 2, 3, 4]


async def test_leaving_the_archive_withdraws_every_purpose(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    await change(database, customer, Purpose.HOLIDAY_SMS, Decision.WITHDRAWN, 1)
    await change(database, customer, Purpose.ARCHIVE, Decision.WITHDRAWN, 2)
    said = [e.purpose for e in await events_said(database) if isinstance(e, CustomerConsentChanged)]
    assert said == ["holiday_sms", "archive", "service_sms", "marketing_sms"]


async def test_a_decision_older_than_a_known_one_is_kept_and_changes_nothing(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    await change(database, customer, Purpose.SERVICE_SMS, Decision.WITHDRAWN, -5)
    async with database.reading() as session:
        entries = await ledger.entries_of(session, customer.id)
        stored = await repository.get_customer(session, customer.id)
    assert (len(entries), stored.version) == (5, 1)
    assert consent_rules.granted(entries)[Purpose.SERVICE_SMS]
    assert [e for e in await events_said(database) if isinstance(e, CustomerConsentChanged)] == []


async def test_nobody_agrees_in_the_future(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    command = a_command(runtime.phones, "13908320002", at=NOW + timedelta(days=1))
    with pytest.raises(ConsentFromTheFuture):
        async with database.transaction() as session:
            entry = ChangeConsent(
                Area.everything(), customer.id, Purpose.ARCHIVE, Decision.GRANTED, command.at, "counter", "ZZ0101",
                "v1", Evidence("signature", "1"),
            )  # fmt: skip
            await usecases.change_consent(session, entry, now=NOW)


async def test_another_area_cannot_change_a_consent(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones, hall="WY01", clerk="WY0101")
    with pytest.raises(CustomerNotFound):
        await change(database, customer, Purpose.ARCHIVE, Decision.WITHDRAWN, 1)


async def test_a_resync_says_every_customer_as_they_are_now(
    database: Database, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resync, "CHUNK", 2)
    customers = [await a_customer(database, runtime.phones, f"1390832000{n}") for n in range(5)]
    await change(database, customers[0], Purpose.MARKETING_SMS, Decision.WITHDRAWN, 1)
    cursor, chunks = None, 0
    while chunks == 0 or cursor is not None:
        async with database.transaction() as session:
            cursor = await usecases.say_customers_again(session, cursor)
        chunks += 1
    said = [e for e in await events_said(database) if isinstance(e, CustomerUpdated)]
    assert chunks == 3
    assert [e.customer_id for e in said] == [c.id for c in customers]
    assert [(e.version, e.granted("marketing_sms")) for e in said[:2]] == [(2, False), (1, True)]
