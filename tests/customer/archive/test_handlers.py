"""What the record shows of SMS and tickets: once each, whatever the order and however often it is heard."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from services.customer.archive import repository, rules
from services.customer.archive.handlers import HANDLERS
from services.customer.archive.models import Customer, CustomerMessage
from services.customer.consent import repository as ledger
from services.customer.consent import rules as consent_rules
from services.customer.consent.rules import Purpose
from shared import clock
from shared.consumer import Delivery
from shared.database import Database
from shared.events.base import Envelope, Event
from shared.events.complaints import (
    ComplaintClosed,
    ComplaintMerged,
    ComplaintOpened,
    ComplaintRated,
    ComplaintReopened,
    ComplaintResolved,
)
from shared.events.customer import CustomerConsentChanged
from shared.events.messaging import SmsAccepted, SmsDelivered, SmsOptedOut
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.customers import NOW, a_customer

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]

TICKET = UUID(int=1)


async def hear(database: Database, *events: Event) -> None:
    """As the consumer does: one transaction, bulk handlers by list."""
    envelope = Envelope(uuid4(), "/test", "test", NOW, "test", 1)
    async with database.transaction() as session:
        for event in events:
            for handler in HANDLERS[type(event)]:
                delivery: Any = Delivery(event, envelope, clock.now())
                await handler(session, [delivery] if getattr(handler, "bulk", False) else delivery)


def an_sms(kind: type[Any], customer: Customer | None, message: UUID, **facts: Any) -> Any:
    usual = {
        "occurred_at": NOW, "message_id": message, "customer_id": customer and customer.id, "hall": "ZZ01",
        "county": "zizhong", "message_class": "service", "counted": True, "template": "weather", "gateway": "simulator",
        "submitted_at": NOW, "accepted_at": NOW, "delivered_at": NOW,
    }  # fmt: skip
    return kind(**{**usual, **facts})


def a_ticket(kind: type[Any], customer: Customer, version: int, ticket: UUID = TICKET, **facts: Any) -> Any:
    usual = {
        "version": version, "occurred_at": NOW, "ticket_id": ticket, "number": "ZZ01-1", "kind": "complaint",
        "category": "tariff_doubt", "source": "counter", "customer_id": customer.id, "hall": "ZZ01",
        "county": "zizhong", "received_at": NOW, "resolved_at": NOW, "cause": "tariff_doubt", "remedy": "explained",
        "clocks": (), "reopened_at": NOW, "reason": "settled", "closed_at": NOW, "merged_at": NOW,
        "into_ticket_id": UUID(int=2), "into_number": "ZZ01-2", "rated_at": NOW, "score": 5, "good": True,
    }  # fmt: skip
    return kind(**{**usual, **facts})


async def sms_count(database: Database, customer: Customer) -> int:
    async with database.reading() as session:
        return (await repository.get_customer(session, customer.id)).sms_count


async def services_text(database: Database, customer: Customer) -> str:
    async with database.reading() as session:
        return rules.tickets_text(await repository.tickets_of(session, customer.id))


async def test_each_message_counts_once_whether_accepted_delivered_or_both(
    database: Database, runtime: Runtime
) -> None:
    customer = await a_customer(database, runtime.phones)
    other = await a_customer(database, runtime.phones, "13908320002")
    first, second, third = uuid4(), uuid4(), uuid4()
    await hear(database, an_sms(SmsAccepted, customer, first), an_sms(SmsDelivered, customer, first))
    await hear(database, an_sms(SmsDelivered, customer, second), an_sms(SmsDelivered, other, third))
    await hear(database, an_sms(SmsAccepted, customer, second), an_sms(SmsDelivered, customer, first))
    assert (await sms_count(database, customer), await sms_count(database, other)) == (2, 1)
    async with database.reading() as session:
        rows = (await session.execute(sa.select(sa.func.count()).select_from(CustomerMessage))).scalar_one()
    assert rows == 3


async def test_what_is_no_service_sms_does_not_count(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    await hear(database, an_sms(SmsDelivered, customer, uuid4(), counted=False, message_class="notice"))
    await hear(database, an_sms(SmsDelivered, None, uuid4()))
    assert await sms_count(database, customer) == 0


async def test_a_batch_counts_in_one_go(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    envelope = Envelope(uuid4(), "/test", "test", NOW, "test", 1)
    events = [an_sms(SmsDelivered, customer, uuid4()) for _ in range(300)]
    (handler,) = HANDLERS[SmsDelivered]
    async with database.transaction() as session:
        await handler(session, [Delivery(event, envelope, NOW) for event in [*events, *events[:50]]])
    assert await sms_count(database, customer) == 300


async def test_a_ticket_reads_the_same_whatever_is_heard_first(database: Database, runtime: Runtime) -> None:
    story = [(ComplaintOpened, 1), (ComplaintResolved, 2), (ComplaintRated, 3), (ComplaintClosed, 4)]
    for number, order in enumerate(permutations(story)):
        customer = await a_customer(database, runtime.phones, f"139083200{number:02}")
        ticket = uuid4()
        await hear(database, *(a_ticket(kind, customer, version, ticket) for kind, version in order))
        assert await services_text(database, customer) == "投诉资费争议：已办结（评分 5）"


@pytest.mark.parametrize(
    ("last", "facts", "outcome"),
    [
        (ComplaintReopened, {"reason": "customer"}, "处理中"),
        (ComplaintMerged, {}, "已合并"),
        (ComplaintClosed, {"reason": "withdrawn"}, "已撤销"),
        (ComplaintResolved, {}, "已解决"),
    ],
)
async def test_the_record_shows_how_the_ticket_stands(
    database: Database, runtime: Runtime, last: type[Event], facts: dict[str, Any], outcome: str
) -> None:
    customer = await a_customer(database, runtime.phones)
    await hear(database, a_ticket(ComplaintOpened, customer, 1), a_ticket(last, customer, 3, **facts))
    assert await services_text(database, customer) == f"投诉资费争议：{outcome}"


async def test_an_opt_out_by_sms_is_in_the_ledger_and_said(database: Database, runtime: Runtime) -> None:
    customer = await a_customer(database, runtime.phones)
    event = SmsOptedOut(
        occurred_at=NOW, inbound_id=uuid4(), customer_id=customer.id, received_at=NOW + timedelta(minutes=1),
        phone_index=customer.phone_index, phone_masked=customer.phone_masked, keyword="TD",
        purposes=("marketing_sms", "holiday_sms", "something_new"),
    )  # fmt: skip
    await hear(database, event)
    async with database.reading() as session:
        entries: Sequence[Any] = await ledger.entries_of(session, customer.id)
    state = consent_rules.granted(entries)
    assert [purpose for purpose in Purpose if state[purpose]] == ["archive", "service_sms"]
    assert {entry.evidence_reference for entry in entries if entry.channel == "sms"} == {
        str(event.inbound_id)
    }
    said = [e for e in await events_said(database) if isinstance(e, CustomerConsentChanged)]
    assert [(e.purpose, e.channel, e.recorded_by) for e in said] == [
        ("holiday_sms", "sms", None),
        ("marketing_sms", "sms", None),
    ]


async def test_an_opt_out_of_a_number_nobody_has_changes_nothing(
    database: Database, runtime: Runtime
) -> None:
    phone = runtime.phones.seal("13908320009")
    event = SmsOptedOut(
        occurred_at=NOW, inbound_id=uuid4(), received_at=NOW, phone_index=phone.index, phone_masked=phone.masked,
        keyword="TD", purposes=("marketing_sms",),
    )  # fmt: skip
    await hear(database, event)
    assert [e for e in await events_said(database) if isinstance(e, CustomerConsentChanged)] == []
