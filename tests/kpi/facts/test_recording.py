"""Which facts each event yields, whom they concern and to whom they are credited."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.kpi.facts.rules.recording import FACTS, rows_of
from shared import ids
from shared.events import EVENTS, complaints, customer, messaging
from shared.events.base import Event
from tests.kpi.house import an, at

EVENT_ID = UUID("01990000-0000-7000-8000-000000000001")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def facts_of(event: Event) -> dict[str, dict[str, Any]]:
    return {row["kind"]: row for row in rows_of(event, EVENT_ID, NOW)}


@pytest.mark.parametrize("event", list(FACTS), ids=lambda event: event.topic)
def test_the_example_of_every_event_that_counts_yields_rows_without_a_phone(event: type[Event]) -> None:
    for row in rows_of(an(event), EVENT_ID, NOW):
        assert row["topic"] == event.topic
        assert (row["event_id"], row["recorded_at"]) == (EVENT_ID, NOW)
        assert not any("phone" in name for name in row["attributes"] or {})
        assert all(isinstance(row[name], int) for name in ("numerator", "denominator", "amount_fen"))


def test_every_topic_this_service_is_said_to_hear_is_counted_or_left_on_purpose() -> None:
    heard = {event for event in EVENTS.values() if "kpi" in event.heard_by}
    directory = {customer.HallChanged, customer.ClerkChanged}
    not_counted = {customer.CustomerTierChanged, customer.UserSessionsEnded, messaging.CampaignCompleted}
    assert heard - set(FACTS) - directory == not_counted


def test_archiving_is_credited_to_who_did_it_and_the_archive_to_who_keeps_it() -> None:
    found = facts_of(an(customer.CustomerRegistered, clerk="ZZ0102", archived_by="ZZ0101"))
    assert found["customer_archived"]["clerk"] == "ZZ0101"
    assert found["archive_size"]["clerk"] == "ZZ0102"
    assert (found["archive_completeness"]["numerator"], found["archive_completeness"]["denominator"]) == (
        8,
        9,
    )
    assert (found["service_audience"]["numerator"], "number_stored" in found) == (1, False)
    stored = facts_of(an(customer.CustomerRegistered, number_stored_at=at(3)))
    assert stored["number_stored"]["numerator"] == 1


def test_a_fact_belongs_to_the_month_in_which_it_happened_at_the_hall() -> None:
    late_in_the_evening = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)
    assert (
        facts_of(an(customer.CustomerRegistered, occurred_at=late_in_the_evening))["archive_size"]["month"]
        == "2026-11"
    )
    measured = an(complaints.DiversionMeasured, month="2026-10", occurred_at=NOW)
    assert facts_of(measured)["diversion"]["month"] == "2026-10"


def test_one_message_counts_once_against_the_cap_whether_accepted_delivered_or_both() -> None:
    message = ids.uuid7()
    accepted = facts_of(an(messaging.SmsAccepted, message_id=message, cap_month="2026-10"))["capped_sms"]
    delivered = facts_of(an(messaging.SmsDelivered, message_id=message, cap_month="2026-10"))["capped_sms"]
    assert accepted["key"] == delivered["key"] == message
    assert "capped_sms" not in facts_of(an(messaging.SmsAccepted, cap_month=None, message_class="notice"))


def test_only_the_clocks_of_complaints_count_and_warnings_do_not() -> None:
    assert "first_response" in facts_of(
        an(complaints.ComplaintClockMissed, kind="complaint", clock="first_response", severity="missed")
    )
    for members in ({"severity": "warning"}, {"kind": "enquiry"}, {"clock": "legal"}):
        given = {"kind": "complaint", "clock": "first_response", "severity": "missed", **members}
        assert set(facts_of(an(complaints.ComplaintClockMissed, **given))) == {"clock_missed"}


def test_an_unauthorised_activation_is_charged_to_who_is_responsible() -> None:
    found = facts_of(
        an(
            complaints.ComplaintResolved,
            cause="unauthorised_activation",
            responsible_clerk="WY0101",
            responsible_hall="WY01",
            handler="ZZ0102",
        )
    )
    assert (found["unauthorised_activation"]["clerk"], found["unauthorised_activation"]["hall"]) == (
        "WY0101",
        "WY01",
    )
    assert found["complaint_resolved"]["clerk"] == "ZZ0102"


def test_what_nobody_worked_on_is_credited_to_nobody() -> None:
    orphan = an(complaints.ComplaintResolved).model_copy(update={"handler": None, "clerk": None})
    assert facts_of(orphan)["complaint_resolved"]["clerk"] == ""


def test_money_is_counted_in_whole_fen() -> None:
    assert facts_of(an(customer.ProductActivated, amount="38.05"))["activation"]["amount_fen"] == 3805


def test_leaving_takes_a_customer_out_of_every_audience() -> None:
    found = facts_of(an(customer.CustomerLeftNetwork))
    assert found["customer_left"]["numerator"] == 1
    assert {
        found[kind]["numerator"] for kind in ("archive_size", "service_audience", "holiday_audience")
    } == {0}
    assert (found["archive_completeness"]["numerator"], found["archive_completeness"]["denominator"]) == (
        0,
        0,
    )


def test_a_checked_record_tells_both_sides_of_its_accuracy() -> None:
    row = facts_of(an(customer.RecordChecked))["archive_accuracy"]
    assert (row["numerator"], row["denominator"], row["clerk"]) == (6, 7, "ZZ0101")
