"""Halls, customers and tickets as other services speak of them, and a way to hear them as the consumer does."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.messaging.analysis import handlers as analysis
from services.messaging.audience import handlers as audience
from services.messaging.erasure import handlers as erasure
from services.messaging.planning import handlers as planning
from shared.bus.port import Fetched
from shared.consumer import Consumer, merge
from shared.database import Database
from shared.events.base import Envelope, Event
from shared.events.complaints import Clock, ComplaintOpened, ComplaintResolved
from shared.events.customer import (
    Consent,
    CustomerConsentChanged,
    CustomerConsentCodeRequested,
    CustomerLeftNetwork,
    CustomerPurged,
    CustomerRegistered,
    HallChanged,
    ProductActivated,
)
from shared.ids import uuid7
from shared.money import Yuan
from shared.phones import PhoneBook
from shared.testing.buses import RecordingBus

MORNING = datetime(2026, 11, 10, 2, 0, tzinfo=UTC)
"""A Tuesday, 10 o'clock in Shanghai."""
HANDLERS = merge(erasure.HANDLERS, audience.HANDLERS, planning.HANDLERS, analysis.HANDLERS)
PLACE = {"hall": "ZZ01", "county": "zizhong", "clerk": "ZZ0101"}
ALL_DAY = time(0)


def a_hall(
    code: str = "ZZ01", *, sms_from: time = ALL_DAY, sms_until: time = ALL_DAY, version: int = 1
) -> HallChanged:
    return HallChanged(
        code=code, full_name="资中大十字营业厅", short_name="大十字营业厅", county="zizhong", county_name="资中",
        number="0832-5520000", sms_from=sms_from, sms_until=sms_until, effective_from=date(2026, 1, 1),
        version=version, occurred_at=MORNING,
    )  # fmt: skip


def a_customer(
    phones: PhoneBook,
    *,
    customer_id: UUID | None = None,
    phone: str = "13900001234",
    agreed: Sequence[str] = ("archive", "service_sms", "holiday_sms"),
    at: datetime | None = None,
    version: int = 1,
    **other: Any,
) -> CustomerRegistered:
    at = at or datetime.now(UTC)
    sealed = phones.seal(phone)
    return CustomerRegistered(
        customer_id=customer_id or uuid4(), version=version, occurred_at=at, archived_at=at, archived_by="ZZ0101",
        phone_enc=sealed.enc, phone_index=sealed.index, phone_masked=sealed.masked,
        consents={purpose: Consent(granted=True, consent_id=uuid4(), at=at) for purpose in agreed},
        fields_filled=8, fields_total=10, **{**PLACE, **other},
    )  # fmt: skip


def a_consent_change(
    customer: UUID,
    decision: str,
    *,
    purpose: str = "service_sms",
    version: int = 2,
    at: datetime | None = None,
) -> CustomerConsentChanged:
    at = at or datetime.now(UTC)
    return CustomerConsentChanged(
        customer_id=customer, version=version, occurred_at=at, consent_id=uuid4(), purpose=purpose,
        decision=decision, at=at, channel="counter", wording_version="v1", **PLACE,
    )  # fmt: skip


def a_departure(customer: UUID, *, version: int = 2) -> CustomerLeftNetwork:
    at = datetime.now(UTC)
    return CustomerLeftNetwork(customer_id=customer, version=version, occurred_at=at, left_at=at, **PLACE)


def a_purge(customer: UUID, *, version: int = 3) -> CustomerPurged:
    at = datetime.now(UTC)
    return CustomerPurged(
        customer_id=customer, version=version, occurred_at=at, purged_at=at, reason="left_network", **PLACE
    )


def a_complaint(
    customer: UUID | None, *, ticket: UUID | None = None, kind: str = "complaint"
) -> ComplaintOpened:
    return ComplaintOpened(**_ticket(customer, ticket or uuid4(), kind, 1))


def a_resolution(customer: UUID | None, *, ticket: UUID | None = None, cycle: int = 1) -> ComplaintResolved:
    at = datetime.now(UTC)
    clocks = (Clock(clock="resolution", due_at=at + timedelta(hours=1), at=at, within=True),)
    facts = _ticket(customer, ticket or uuid4(), "complaint", cycle)
    return ComplaintResolved(**facts, resolved_at=at, cause="tariff_doubt", remedy="explained", clocks=clocks)


def an_activation(customer: UUID) -> ProductActivated:
    place: dict[str, Any] = PLACE
    return ProductActivated(
        customer_id=customer, activation_id=uuid4(), product="p1", product_title="流量月包", amount=Yuan("20.00"),
        evidence_kind="signature", evidence_reference="A-1", sold_by="ZZ0101", occurred_at=datetime.now(UTC), **place,
    )  # fmt: skip


def a_code_request(
    customer: UUID, phones: PhoneBook, code: str = "042195", lives: timedelta = timedelta(minutes=10)
) -> CustomerConsentCodeRequested:
    now = datetime.now(UTC)
    place: dict[str, Any] = PLACE
    return CustomerConsentCodeRequested(
        customer_id=customer, code_id=uuid4(), code_enc=phones.seal_text(code), occurred_at=now,
        purposes=("service_sms", "marketing_sms"), wording_version="v1", expires_at=now + lives, **place,
    )  # fmt: skip


def _ticket(customer: UUID | None, ticket: UUID, kind: str, cycle: int) -> dict[str, Any]:
    at = datetime.now(UTC)
    return {
        "ticket_id": ticket, "number": "ZZ01-0001", "kind": kind, "category": "tariff", "source": "counter",
        "customer_id": customer, "hall": "ZZ01", "county": "zizhong", "clerk": "ZZ0101", "cycle": cycle,
        "received_at": at, "occurred_at": at, "version": cycle,
    }  # fmt: skip


class Ears:
    """The service's consumer, fed by hand: each event goes through envelope, inbox and handlers."""

    def __init__(self, database: Database) -> None:
        self.consumer = Consumer(database, RecordingBus(), HANDLERS)
        self._offset = 0

    async def hear(self, *events: Event) -> None:
        await self.consumer.handle([self.record(event) for event in events])

    def record(self, event: Event, event_id: UUID | None = None) -> Fetched:
        """The event as it comes from the bus; with an id of its own, or the same one again."""
        self._offset += 1
        envelope = Envelope(
            id=event_id or uuid7(), source="/customer", type=event.topic, time=datetime.now(UTC), subject=event.key,
            version=event.version,
        )  # fmt: skip
        return Fetched(event.topic, event.key, envelope.to_headers(), event.to_json(), 0, self._offset)
