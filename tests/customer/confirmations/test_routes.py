"""Consent by SMS code: right, wrong, replayed, edited, late, too often, and another hall's."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import sqlalchemy as sa

from services.customer.archive.models import Customer
from services.customer.confirmations.models import ConsentCode
from services.customer.consent import repository as ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.rules import Purpose
from shared import clock
from shared.database import Database
from shared.events.customer import CustomerConsentChanged, CustomerConsentCodeRequested
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import EVERYTHING, a_customer, post

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
ASKED = {"purposes": ["marketing_sms", "holiday_sms"], "wording_version": "v1"}
ONLY_THE_ARCHIVE = {**EVERYTHING, **dict.fromkeys(list(Purpose)[1:], False)}


@pytest.fixture
async def customer(database: Database, runtime: Runtime) -> Customer:
    """Archived, and nothing else agreed to."""
    return await a_customer(database, runtime.phones, answers=ONLY_THE_ARCHIVE)


@pytest.fixture
def clerk(caller: Caller) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


class Counter:
    """One customer at one counter, with the SMS read from the outbox."""

    def __init__(self, client: httpx.AsyncClient, customer: Customer, runtime: Runtime) -> None:
        self.client, self.customer, self.runtime = client, customer, runtime
        self.path = f"/customers/{customer.id}/consent-codes"

    async def ask(self, **changes: Any) -> str:
        answer = await post(self.client, self.path, {**ASKED, **changes})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def code(self) -> str:
        """What the newest SMS says."""
        said = [
            e for e in await events_said(self.runtime.database) if isinstance(e, CustomerConsentCodeRequested)
        ]
        return self.runtime.phones.open(said[-1].code_enc)

    async def say(self, code_id: str, code: str, key: str | None = None, **more: Any) -> httpx.Response:
        return await post(self.client, f"{self.path}/{code_id}/confirmation", {"code": code, **more}, key)

    async def granted(self) -> set[str]:
        async with self.runtime.database.reading() as session:
            state = consent_rules.granted(await ledger.entries_of(session, self.customer.id))
        return {str(purpose) for purpose, yes in state.items() if yes}


@pytest.fixture
def counter(clerk: httpx.AsyncClient, customer: Customer, runtime: Runtime) -> Counter:
    return Counter(clerk, customer, runtime)


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_the_code_that_the_customer_read_aloud_grants_what_it_was_sent_for(counter: Counter) -> None:
    code_id = await counter.ask()
    answer = await counter.say(code_id, await counter.code())
    assert answer.status_code == 201
    rows = answer.json()["items"]
    assert [(r["purpose"], r["decision"], r["evidence_kind"], r["evidence_reference"]) for r in rows] == [
        ("holiday_sms", "granted", "sms", f"sms-code:{code_id}"),
        ("marketing_sms", "granted", "sms", f"sms-code:{code_id}"),
    ]
    assert {row["clerk"] for row in rows} == {"ZZ0101"}
    assert await counter.granted() == {"archive", "holiday_sms", "marketing_sms"}
    said = [e for e in await events_said(counter.runtime.database) if isinstance(e, CustomerConsentChanged)]
    assert [(e.version, e.purpose, e.evidence_kind) for e in said] == [
        (2, "holiday_sms", "sms"),
        (3, "marketing_sms", "sms"),
    ]


async def test_a_confirmation_cannot_be_forged_replayed_or_edited(
    counter: Counter, database: Database
) -> None:
    """A replayed or edited code is refused and leaves no row in the ledger."""
    code_id = await counter.ask()
    code = await counter.code()
    wrong = await counter.say(code_id, another(code))
    assert (wrong.status_code, wrong.json()["code"]) == (403, "consent-code-wrong")
    edited = await counter.say(code_id, code, purposes=["service_sms"])
    assert edited.status_code == 422
    async with database.transaction() as session:
        await session.execute(sa.update(ConsentCode).values(purposes=["service_sms"]))
    assert (await counter.say(code_id, code)).status_code == 403
    assert await counter.granted() == {"archive"}
    async with database.transaction() as session:
        await session.execute(sa.update(ConsentCode).values(purposes=["holiday_sms", "marketing_sms"]))
    assert (await counter.say(code_id, code)).status_code == 201
    replayed = await counter.say(code_id, code)
    assert (replayed.status_code, replayed.json()["code"]) == (409, "consent-code-used")
    async with database.reading() as session:
        assert len(await ledger.entries_of(session, counter.customer.id)) == 3


async def test_the_same_request_again_gets_the_same_answer(counter: Counter) -> None:
    code_id, key = await counter.ask(), uuid4().hex
    code = await counter.code()
    first, again = await counter.say(code_id, code, key), await counter.say(code_id, code, key)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_code_of_one_customer_says_nothing_for_another(
    counter: Counter, clerk: httpx.AsyncClient, database: Database, runtime: Runtime
) -> None:
    other = await a_customer(database, runtime.phones, "13908320002", answers=ONLY_THE_ARCHIVE)
    code_id = await counter.ask()
    elsewhere = Counter(clerk, other, runtime)
    assert (await elsewhere.say(code_id, await counter.code())).status_code == 404
    assert await elsewhere.granted() == {"archive"}


async def test_after_five_tries_even_the_right_code_does_not_help(counter: Counter) -> None:
    code_id = await counter.ask()
    code = await counter.code()
    tries = await asyncio.gather(*(counter.say(code_id, another(code)) for _ in range(8)))
    assert sorted(t.json()["code"] for t in tries) == ["consent-code-locked"] * 3 + ["consent-code-wrong"] * 5
    locked = await counter.say(code_id, code)
    assert (locked.status_code, locked.json()["code"]) == (403, "consent-code-locked")
    assert await counter.granted() == {"archive"}


async def test_of_many_who_hand_in_the_right_code_at_once_one_is_heard(counter: Counter) -> None:
    code_id = await counter.ask()
    code = await counter.code()
    answers = await asyncio.gather(*(counter.say(code_id, code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_code_is_good_for_ten_minutes(counter: Counter, database: Database) -> None:
    code_id = await counter.ask()
    async with database.transaction() as session:
        past = clock.now() - timedelta(seconds=1)
        await session.execute(sa.update(ConsentCode).values(expires_at=past))
    late = await counter.say(code_id, await counter.code())
    assert (late.status_code, late.json()["code"]) == (409, "consent-code-expired")


async def test_a_newer_code_ends_the_one_before(counter: Counter) -> None:
    first = await counter.ask()
    old = await counter.code()
    second = await counter.ask()
    assert (await counter.say(first, old)).json()["code"] == "consent-code-expired"
    assert (await counter.say(second, await counter.code())).status_code == 201


async def test_a_customer_gets_five_codes_a_day_whoever_asks(
    counter: Counter, clerk: httpx.AsyncClient
) -> None:
    answers = await asyncio.gather(*(post(clerk, counter.path, ASKED) for _ in range(7)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 2
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["code"] == "too-many-consent-codes"
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"purposes": []}, "validation-failed"),
        ({"purposes": ["advertising"]}, "validation-failed"),
        ({"wording_version": "v99"}, "wording-unknown"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(
    counter: Counter, clerk: httpx.AsyncClient, change: dict[str, Any], code: str
) -> None:
    answer = await post(clerk, counter.path, {**ASKED, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_who_left_the_archive_is_sent_nothing(counter: Counter, clerk: httpx.AsyncClient) -> None:
    withdrawal = {
        "purpose": "archive", "decision": "withdrawn", "channel": "counter", "wording_version": "v1",
        "evidence": {"kind": "signature", "reference": "1"},
    }  # fmt: skip
    await post(clerk, f"/customers/{counter.customer.id}/consents", withdrawal)
    answer = await post(clerk, counter.path, {**ASKED, "purposes": ["archive"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "consent-required")
    assert [e for e in await events_said(counter.runtime.database) if "code" in e.topic] == []


async def test_nobody_can_claim_a_confirmed_code_as_evidence(
    counter: Counter, clerk: httpx.AsyncClient
) -> None:
    code_id = await counter.ask()
    claim = {
        "purpose": "service_sms", "decision": "granted", "channel": "counter", "wording_version": "v1",
        "evidence": {"kind": "sms", "reference": f"SMS-code:{code_id}"},
    }  # fmt: skip
    assert (await post(clerk, f"/customers/{counter.customer.id}/consents", claim)).status_code == 422


async def test_another_hall_finds_neither_customer_nor_code(counter: Counter, caller: Caller) -> None:
    code_id = await counter.ask()
    elsewhere = Counter(caller("clerk", hall="ZZ02", county="zizhong"), counter.customer, counter.runtime)
    assert (await post(elsewhere.client, elsewhere.path, ASKED)).status_code == 404
    assert (await elsewhere.say(code_id, await counter.code())).status_code == 404
    reader = caller("auditor")
    assert (await post(reader, counter.path, ASKED)).status_code == 403


async def test_the_code_stands_nowhere_in_clear(counter: Counter, database: Database) -> None:
    await counter.ask()
    code = await counter.code()
    async with database.reading() as session:
        stored = (await session.scalars(sa.select(ConsentCode))).one()
        answer = (await session.execute(sa.text("SELECT body FROM idempotency_keys"))).scalar_one()
    assert code not in {str(value) for value in stored.model_dump().values()}
    assert code not in {str(value) for value in orjson.loads(bytes(answer)).values()}
