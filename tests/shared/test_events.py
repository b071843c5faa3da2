"""Envelope, keys and registry of the published language."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared import ids
from shared.events import EVENTS
from shared.events.base import Envelope, MalformedEnvelope
from shared.events.complaints import DiversionMeasured
from shared.events.customer import CustomerConsentChanged, CustomerNumberStored
from shared.events.messaging import SmsAccepted, SmsEnquiryReceived
from shared.events.registry import SPEAKERS, UnknownTopic, event_type, parse

AT = datetime(2026, 11, 3, 1, 20, tzinfo=UTC)
CUSTOMER = ids.uuid7()

HEADER_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
envelopes = st.builds(
    Envelope,
    id=st.uuids(),
    source=st.sampled_from(["/customer", "/messaging", "/complaints", "/kpi"]),
    type=st.sampled_from(sorted(EVENTS)),
    time=st.datetimes(timezones=st.just(UTC)),
    subject=HEADER_TEXT,
    version=st.integers(1, 2**40),
    correlation_id=st.none() | HEADER_TEXT,
    causation_id=st.none() | HEADER_TEXT,
    actor=st.none() | HEADER_TEXT,
    traceparent=st.none() | HEADER_TEXT,
)


def an_envelope(**changes: Any) -> Envelope:
    return Envelope(
        **{
            "id": uuid.UUID(int=7),
            "source": "/customer",
            "type": "customer.registered",
            "time": AT,
            "subject": "42",
            "version": 3,
            **changes,
        }
    )


def a_message(**changes: Any) -> SmsAccepted:
    return SmsAccepted(
        **{
            "occurred_at": AT,
            "message_id": ids.uuid7(),
            "customer_id": CUSTOMER,
            "hall": "ZZ01",
            "county": "zizhong",
            "message_class": "intro",
            "counted": True,
            "template": "intro",
            "gateway": "simulator",
            "submitted_at": AT,
            "accepted_at": AT,
            **changes,
        }
    )


@given(envelopes)
def test_an_envelope_survives_its_headers(envelope: Envelope) -> None:
    assert Envelope.from_headers(envelope.to_headers()) == envelope


def test_headers_are_those_of_the_kafka_binding_in_binary_mode() -> None:
    assert an_envelope(actor="ZZ0101", traceparent="00-1-2-01").to_headers() == {
        "ce_specversion": "1.0",
        "ce_id": "00000000-0000-0000-0000-000000000007",
        "ce_type": "customer.registered",
        "ce_source": "/customer",
        "ce_time": "2026-11-03T01:20:00Z",
        "ce_subject": "42",
        "content-type": "application/json",
        "ce_aggregateversion": "3",
        "ce_actor": "ZZ0101",
        "traceparent": "00-1-2-01",
    }


def test_headers_that_nobody_knows_are_ignored() -> None:
    headers = an_envelope().to_headers() | {"x-later": "1"}
    assert Envelope.from_headers(headers) == an_envelope()


@pytest.mark.parametrize(
    "spoiled",
    [
        {"ce_id": None},
        {"ce_id": "seven"},
        {"ce_specversion": "0.3"},
        {"ce_specversion": None},
        {"ce_time": "yesterday"},
        {"ce_time": "2026-11-03T01:20:00"},
        {"ce_aggregateversion": "newest"},
        {"ce_aggregateversion": None},
        {"ce_source": None},
        {"ce_subject": None},
        {"ce_type": None},
    ],
)
def test_headers_of_no_event_are_malformed(spoiled: dict[str, str | None]) -> None:
    headers = {k: v for k, v in (an_envelope().to_headers() | spoiled).items() if v is not None}
    with pytest.raises(MalformedEnvelope):
        Envelope.from_headers(headers)


def test_moments_need_an_offset_and_become_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=8)))
    assert b'"accepted_at":"2026-11-03T01:20:00Z"' in a_message(accepted_at=east).to_json()
    with pytest.raises(ValidationError):
        a_message(accepted_at=datetime(2026, 11, 3, 9, 20))  # noqa: DTZ001


def test_the_key_is_the_aggregates_id() -> None:
    message = a_message()
    assert message.key == str(message.message_id)


def test_a_measure_is_keyed_by_what_it_measures() -> None:
    measure = DiversionMeasured(
        occurred_at=AT,
        month="2026-11",
        hall="ZZ01",
        county="zizhong",
        numerator=1,
        denominator=2,
        window_days=15,
        rule_version="1",
    )
    assert measure.key == "2026-11/ZZ01/-"
    assert measure.model_copy(update={"clerk": "ZZ0101"}).key == "2026-11/ZZ01/ZZ0101"


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        a_message().hall = "ZZ02"  # type: ignore[misc]


def test_a_number_that_a_customer_writes_does_not_travel() -> None:
    enquiry = SmsEnquiryReceived(
        occurred_at=AT,
        inbound_id=ids.uuid7(),
        received_at=AT,
        phone_enc="k1.x",
        phone_index="y",
        phone_masked="139********",
        text="请回电 139 0000 0001 谢谢",
    )
    assert enquiry.text == "请回电 139******** 谢谢"
    assert b"0000" not in enquiry.to_json().replace(str(enquiry.inbound_id).encode(), b"")


@pytest.mark.parametrize(("minutes", "on_time"), [(0, True), (1, True), (-1, False), (None, True)])
def test_an_introduction_is_on_time_until_its_deadline(minutes: int | None, on_time: bool) -> None:
    deadline = None if minutes is None else AT + timedelta(minutes=minutes)
    assert a_message(deadline=deadline).on_time is on_time


def test_silence_is_no_consent() -> None:
    changed = CustomerConsentChanged(
        occurred_at=AT,
        customer_id=CUSTOMER,
        hall="ZZ01",
        county="zizhong",
        clerk="ZZ0101",
        consent_id=ids.uuid7(),
        purpose="marketing_sms",
        decision="withdrawn",
        at=AT,
        channel="sms",
        wording_version="1",
    )
    assert not changed.granted
    assert changed.model_copy(update={"decision": "granted"}).granted


def test_topics_are_named_noun_first_like_their_classes() -> None:
    for topic, event in EVENTS.items():
        assert event.__name__.lower() == topic.replace(".", "").replace("_", "")


def test_every_event_is_spoken_by_the_module_it_lives_in() -> None:
    for event in EVENTS.values():
        assert event.__module__.removeprefix("shared.events.") in event.speakers
        assert set(event.speakers) | set(event.heard_by) <= set(SPEAKERS)


def test_sealed_numbers_travel_only_where_they_are_needed() -> None:
    assert sorted(topic for topic, event in EVENTS.items() if event.carries_phone()) == [
        "complaint.opened",
        "complaint.resolved",
        "customer.consent_code_requested",
        "customer.registered",
        "customer.updated",
        "sms.enquiry_received",
    ]


def test_a_message_is_parsed_by_its_topic() -> None:
    message = a_message()
    assert parse("sms.accepted", message.to_json()) == message
    assert event_type("customer.number_stored") is CustomerNumberStored
    with pytest.raises(UnknownTopic):
        parse("customer.forgotten", b"{}")


@given(st.binary(max_size=200))
def test_a_value_that_is_no_event_is_refused_and_nothing_worse(value: bytes) -> None:
    with pytest.raises(ValidationError):
        parse("sms.accepted", value)
