"""A customer's word across services: a withdrawal stops what is queued, a code from an SMS becomes a consent."""

import re
from collections.abc import AsyncIterator, Callable

import pytest

from services.customer.archive import usecases
from services.customer.archive.usecases import ChangeConsent
from services.customer.consent.rules import Decision, Evidence, Purpose
from services.customer.directory import usecases as directory
from services.messaging.messages.models import Message
from shared import clock
from shared.database import Database
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.testing.outboxes import events_said
from tests.customer.customers import a_command
from tests.customer.organisation import ORGANISATION
from tests.journeys.desks import OFFICE, Desk, a_phone, desk, messages_of, until
from tests.journeys.houses import House
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

Open = Callable[[str], Database]


@pytest.fixture
async def opened(sqlite_url: Callable[[str], str]) -> AsyncIterator[Open]:
    """A fresh database of any service."""
    databases: list[Database] = []

    def of(service: str) -> Database:
        databases.append(Database(sqlite_url(service), service))
        return databases[-1]

    yield of
    for database in databases:
        await database.close()


@pytest.mark.parametrize("purpose", [Purpose.SERVICE_SMS, Purpose.ARCHIVE])
async def test_what_the_customer_service_says_of_a_withdrawal_keeps_queued_messages_back(
    opened: Open, purpose: Purpose
) -> None:
    customers, messages, now = opened("customer"), opened("messaging"), clock.now()
    ears, shelf, phones = Ears(messages), Shelf(messages), PhoneBook(KeyRing.generate())
    async with customers.transaction() as session:
        await directory.load_directory(session, ORGANISATION, now=now)
    async with customers.transaction() as session:
        customer = await usecases.register_customer(session, a_command(phones, at=now), now=now)
    heard = await events_said(customers)
    await ears.hear(*heard)
    assert [(m.template_code, m.status) for m in await shelf.messages()] in (
        [("intro", "queued")],
        [("intro", "held")],
    )
    withdrawal = ChangeConsent(
        Area.everything(), customer.id, purpose, Decision.WITHDRAWN, clock.now(), "counter", "ZZ0101", "v1",
        Evidence("signature", "2"),
    )  # fmt: skip
    async with customers.transaction() as session:
        await usecases.change_consent(session, withdrawal, now=clock.now())
    await ears.hear(*(await events_said(customers))[len(heard) :])
    message = await shelf.message()
    assert message.status == "suppressed"
    assert message.reason == "no-consent"
    assert (await shelf.rows(Message, Message.status.in_(["queued", "held"]))) == []  # type: ignore[attr-defined]
    assert await shelf.slots() == []


@pytest.mark.journey
@pytest.mark.timeout(200)
async def test_the_code_in_the_sms_becomes_a_consent_and_a_withdrawal_is_felt_within_seconds(
    house: House,
) -> None:
    async with desk(house) as pos, desk(house, OFFICE) as office:
        customer = (await pos.register(a_phone(), consents={"archive": True}))["id"]
        card = f"/customer/v1/customers/{customer}"
        asked = await pos.post(
            f"{card}/consent-codes", {"purposes": ["service_sms"], "wording_version": "v1"}
        )
        code = await code_in_the_sms(pos, office, customer)
        confirmation = f"{card}/consent-codes/{asked['id']}/confirmation"
        wrong = await pos.ask("POST", confirmation, json={"code": f"{(int(code) + 1) % 10**6:06d}"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "consent-code-wrong")
        await pos.post(confirmation, {"code": code})
        replayed = await pos.ask("POST", confirmation, json={"code": code})
        assert (replayed.status_code, replayed.json()["code"]) == (409, "consent-code-used")
        introduced = await until("确认后收到介绍短信", lambda: introduction(pos, customer))
        assert introduced["status"] in ("held", "queued", "submitting", "accepted", "delivered")
        withdrawal = {
            "purpose": "service_sms", "decision": "withdrawn", "channel": "counter", "wording_version": "v1",
            "evidence": {"kind": "signature", "reference": "2"},
        }  # fmt: skip
        await pos.post(f"{card}/consents", withdrawal)
        await until("撤回后不再发送", lambda: refused(pos, customer), patience=10)


async def code_in_the_sms(pos: Desk, office: Desk, customer: str) -> str:
    """As the customer's phone shows it; the house's own record shows dots."""

    async def look() -> str | None:
        sent = [m for m in await messages_of(pos, customer) if m["template"] == "consent_code"]
        assert all("●●●●●●" in m["text"] for m in sent)
        return sent[0]["id"] if sent and sent[0]["status"] in ("accepted", "delivered") else None

    message = await until("验证码短信已发出", look)
    texts: dict[str, str] = {}
    since = 0
    while True:
        page = await office.get("/simulator/v1/messages", since=since)
        texts |= {item["id"]: item["text"] for item in page["items"]}
        since = page["next"]
        if page["end"]:
            break
    found = re.search(r"验证码(\d{6})", texts[message])
    assert found is not None
    return found[1]


async def introduction(pos: Desk, customer: str) -> dict[str, str] | None:
    found = [m for m in await messages_of(pos, customer) if m["class"] == "intro"]
    return found[0] if found else None


async def refused(pos: Desk, customer: str) -> bool | None:
    """A service SMS asked for now is kept back for want of consent."""
    body = {"customer_id": customer, "template": "service", "params": {"content": "明日有雨"}}
    answer = await pos.post("/messaging/v1/messages", body, expect=202)
    return True if (answer["status"], answer["reason"]) == ("suppressed", "no-consent") else None
