"""The one table of what counts: event → facts. A new indicator's source is a line here, not a handler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from shared import clock
from shared.events import complaints, customer, messaging
from shared.events.base import Event

Reader = Callable[[Any], Any]

FEN = Decimal(100)


def _reader(source: Any) -> Reader:
    """A callable as it is, a text as the attribute of that name, anything else as a constant."""
    if callable(source):
        return source  # type: ignore[no-any-return]
    return attrgetter(source) if isinstance(source, str) else lambda _event: source


def _month(event: Event) -> str:
    return clock.month_of(event.occurred_at)


@dataclass(frozen=True, slots=True)
class FactRule:
    """One fact of an event: whom it concerns, to whom it is credited, and its numbers.

    Texts name attributes of the event. `key` replaces the event's id where several events tell of one thing.
    """

    kind: str
    subject: str | Reader
    clerk: str | Reader = "clerk"
    hall: str | Reader = "hall"
    numerator: int | str | Reader = 1
    denominator: int | str | Reader = 0
    amount_fen: int | Reader = 0
    when: Reader | None = None
    month: str | Reader = _month
    key: str | Reader | None = None
    attributes: tuple[str, ...] = ()
    readers: Mapping[str, Reader] = field(init=False)

    def __post_init__(self) -> None:
        names = ("subject", "clerk", "hall", "numerator", "denominator", "amount_fen", "month")
        readers = {name: _reader(getattr(self, name)) for name in names}
        if self.key is not None:
            readers["key"] = _reader(self.key)
        object.__setattr__(self, "readers", readers)

    def row(self, event: Any, event_id: UUID, recorded_at: datetime) -> dict[str, Any]:
        read = self.readers
        return {
            "kind": self.kind,
            "key": read["key"](event) if "key" in read else event_id,
            "event_id": event_id,
            "topic": event.topic,
            "subject": str(read["subject"](event)),
            "occurred_at": event.occurred_at,
            "recorded_at": recorded_at,
            "month": read["month"](event),
            "county": event.county or "",
            "hall": read["hall"](event) or "",
            "clerk": read["clerk"](event) or "",
            "numerator": int(read["numerator"](event)),
            "denominator": int(read["denominator"](event)),
            "amount_fen": int(read["amount_fen"](event)),
            "attributes": {name: getattr(event, name) for name in self.attributes} or None,
        }


def rows_of(event: Event, event_id: UUID, recorded_at: datetime) -> list[dict[str, Any]]:
    """The facts of one event; none when nothing in it counts."""
    rules = FACTS.get(type(event), ())
    return [rule.row(event, event_id, recorded_at) for rule in rules if rule.when is None or rule.when(event)]


def _agrees(purpose: str) -> Reader:
    return lambda event: event.granted(purpose)


def _about(purpose: str) -> Reader:
    return lambda event: event.purpose == purpose


def _is(**wanted: Any) -> Reader:
    """The event's attributes have these values; a tuple offers several."""
    choices = {name: value if isinstance(value, tuple) else (value,) for name, value in wanted.items()}
    return lambda event: all(getattr(event, name) in values for name, values in choices.items())


def _cycle(event: complaints.TicketEvent) -> str:
    return f"{event.ticket_id}#{event.cycle}"


def _handler(event: complaints.TicketEvent) -> str | None:
    """Who worked on it, else the customer's manager."""
    return event.handler or event.clerk


def _resolution_kept(event: complaints.ComplaintResolved) -> bool | None:
    """Whether the resolution clock was kept; None when the cycle had none."""
    return next((clock.within for clock in event.clocks if clock.clock == "resolution"), None)


def _responded_first(event: complaints.ComplaintResponded) -> bool:
    return event.clock.clock == "first_response" and event.clock.within is not None


def _diversion_subject(event: complaints.DiversionMeasured) -> str:
    return event.key


def _score(event: customer.SurveyAnswered) -> int:
    return sum(answer.score for answer in event.scores)


def _out_of(event: customer.SurveyAnswered) -> int:
    return sum(answer.out_of for answer in event.scores)


def _delivered_on_time(event: messaging.SmsDelivered) -> bool:
    return event.deadline is None or event.submitted_at <= event.deadline


_COMPLAINT = _is(kind="complaint")
_ENQUIRY = _is(kind="enquiry")
_INTRO = _is(message_class="intro")
_COUNTED_AGAINST_THE_CAP: Reader = lambda event: event.cap_month is not None and event.customer_id is not None  # noqa: E731
_SMS = ("message_class", "template")

_AUDIENCES = (
    FactRule("archive_size", "customer_id"),
    FactRule("archive_completeness", "customer_id", numerator="fields_filled", denominator="fields_total"),
    FactRule("service_audience", "customer_id", numerator=_agrees("service_sms")),
    FactRule("holiday_audience", "customer_id", numerator=_agrees("holiday_sms")),
)
_NO_LONGER_THERE = (
    FactRule("archive_size", "customer_id", numerator=0),
    FactRule("archive_completeness", "customer_id", numerator=0),
    FactRule("service_audience", "customer_id", numerator=0),
    FactRule("holiday_audience", "customer_id", numerator=0),
)
_SENT = FactRule(
    "capped_sms",
    "customer_id",
    when=_COUNTED_AGAINST_THE_CAP,
    month="cap_month",
    key="message_id",
    attributes=_SMS,
)
_CONSENTED = FactRule(
    "consented_sms",
    "customer_id",
    numerator=lambda event: event.consent_id is not None,
    denominator=1,
    when=_is(message_class=("intro", "service", "holiday", "marketing")),
    key="message_id",
    attributes=_SMS,
)

FACTS: Mapping[type[Event], tuple[FactRule, ...]] = {
    customer.CustomerRegistered: (
        FactRule("customer_archived", "customer_id", clerk="archived_by", attributes=("origin",)),
        FactRule("number_stored", "customer_id", clerk="archived_by", when=attrgetter("number_stored_at")),
        *_AUDIENCES,
    ),
    customer.CustomerUpdated: _AUDIENCES,
    customer.CustomerReassigned: (FactRule("archive_size", "customer_id"),),
    customer.CustomerConsentChanged: (
        FactRule("service_audience", "customer_id", numerator="granted", when=_about("service_sms")),
        FactRule("holiday_audience", "customer_id", numerator="granted", when=_about("holiday_sms")),
        FactRule("consent_changed", "customer_id", attributes=("purpose", "decision")),
    ),
    customer.CustomerNumberStored: (FactRule("number_stored", "customer_id", clerk="stored_by"),),
    customer.CustomerLeftNetwork: (
        FactRule("customer_left", "customer_id", attributes=("reported_by",)),
        *_NO_LONGER_THERE,
    ),
    customer.CustomerPurged: _NO_LONGER_THERE,
    customer.TouchLogged: (
        FactRule("touch", "customer_id", clerk="made_by", attributes=("kind", "qualifying")),
    ),
    customer.FollowUpCompleted: (
        FactRule(
            "follow_up", "follow_up_id", numerator="on_time", denominator=1, attributes=("completed_by",)
        ),
    ),
    customer.FollowUpOverdue: (
        FactRule("follow_up", "follow_up_id", numerator=0, denominator=1, attributes=("step",)),
    ),
    customer.RecommendationOffered: (
        FactRule("recommendation", "recommendation_id", clerk="offered_by", attributes=("product",)),
    ),
    customer.RecommendationAnswered: (
        FactRule(
            "recommendation_answer",
            "recommendation_id",
            clerk="offered_by",
            numerator=_is(outcome=("accepted", "activated")),
            denominator=1,
            attributes=("product", "outcome", "reason"),
        ),
    ),
    customer.ProductActivated: (
        FactRule(
            "activation",
            "activation_id",
            clerk="sold_by",
            amount_fen=lambda event: event.amount * FEN,
            attributes=("product", "evidence_kind"),
        ),
    ),
    customer.SurveyAnswered: (
        FactRule(
            "survey",
            "answer_id",
            clerk="served_by",
            numerator=_score,
            denominator=_out_of,
            attributes=("kind",),
        ),
    ),
    customer.RecordChecked: (
        FactRule(
            "archive_accuracy",
            "customer_id",
            numerator="fields_right",
            denominator="fields_checked",
            key="check_id",
        ),
    ),
    customer.ReportSubmitted: (
        FactRule("market_report", "report_id", when=_is(kind=("market", "competitor")), attributes=("kind",)),
        FactRule(
            "work_report",
            "report_id",
            when=_is(kind=("work_daily", "work_weekly", "work_monthly")),
            attributes=("kind", "period"),
        ),
    ),
    messaging.SmsAccepted: (
        FactRule("intro_sms", "customer_id", numerator="on_time", denominator=1, when=_INTRO),
        _SENT,
        _CONSENTED,
    ),
    messaging.SmsDelivered: (
        FactRule("intro_sms", "customer_id", numerator=_delivered_on_time, denominator=1, when=_INTRO),
        FactRule("service_sms", "customer_id", when=_is(message_class="service")),
        FactRule("holiday_sms", "customer_id", when=_is(message_class="holiday")),
        _SENT,
        _CONSENTED,
        FactRule("sms_delivered", "message_id", attributes=_SMS),
    ),
    messaging.SmsFailed: (FactRule("sms_failed", "message_id", attributes=(*_SMS, "reason")),),
    messaging.SmsUnknown: (FactRule("sms_unknown", "message_id", attributes=(*_SMS, "reason")),),
    messaging.SmsSuppressed: (FactRule("sms_suppressed", "message_id", attributes=(*_SMS, "reason")),),
    messaging.SmsIntroMissed: (
        FactRule("intro_sms", "customer_id", numerator=0, denominator=1, attributes=("cause",)),
    ),
    messaging.SmsOptedOut: (FactRule("sms_opted_out", "inbound_id", attributes=("keyword", "purposes")),),
    complaints.ComplaintOpened: (
        FactRule("complaint_opened", "ticket_id", when=_COMPLAINT, attributes=("category", "source")),
        FactRule("enquiry_opened", "ticket_id", when=_ENQUIRY, attributes=("category", "source")),
    ),
    complaints.ComplaintAssigned: (FactRule("ticket_assigned", _cycle, clerk=_handler),),
    complaints.ComplaintResponded: (
        FactRule(
            "first_response",
            _cycle,
            clerk="responded_by",
            numerator=lambda event: event.clock.within,
            denominator=1,
            when=lambda event: _COMPLAINT(event) and _responded_first(event),
        ),
    ),
    complaints.ComplaintEscalated: (
        FactRule("ticket_escalated", _cycle, clerk=_handler, attributes=("level", "reason")),
    ),
    complaints.ComplaintClockMissed: (
        FactRule(
            "first_response",
            _cycle,
            clerk=_handler,
            numerator=0,
            denominator=1,
            when=_is(kind="complaint", clock="first_response", severity="missed"),
        ),
        FactRule(
            "resolution",
            _cycle,
            clerk=_handler,
            numerator=0,
            denominator=1,
            when=_is(kind="complaint", clock="resolution", severity="missed"),
        ),
        FactRule("clock_missed", _cycle, clerk=_handler, attributes=("kind", "clock", "severity")),
    ),
    complaints.ComplaintResolved: (
        FactRule("enquiry_handled", "ticket_id", clerk=_handler, when=_ENQUIRY, attributes=("category",)),
        FactRule(
            "complaint_resolved", _cycle, clerk=_handler, when=_COMPLAINT, attributes=("cause", "remedy")
        ),
        FactRule(
            "resolution",
            _cycle,
            clerk=_handler,
            numerator=_resolution_kept,
            denominator=1,
            when=lambda event: _COMPLAINT(event) and _resolution_kept(event) is not None,
        ),
        FactRule(
            "unauthorised_activation",
            "ticket_id",
            clerk="responsible_clerk",
            hall=lambda event: event.responsible_hall or event.hall,
            when=_is(cause="unauthorised_activation"),
        ),
    ),
    complaints.ComplaintReopened: (
        FactRule("complaint_reopened", _cycle, clerk=_handler, when=_COMPLAINT, attributes=("reason",)),
    ),
    complaints.ComplaintClosed: (
        FactRule("ticket_closed", _cycle, clerk=_handler, attributes=("kind", "reason", "called_back_by")),
    ),
    complaints.ComplaintMerged: (FactRule("ticket_merged", "ticket_id", clerk=_handler),),
    complaints.ComplaintRated: (
        FactRule(
            "complaint_rating",
            _cycle,
            clerk=_handler,
            numerator="score",
            denominator="out_of",
            when=_COMPLAINT,
        ),
    ),
    complaints.WorkOrderImported: (
        FactRule("work_order", "work_order_id", attributes=("category", "source")),
    ),
    complaints.DiversionMeasured: (
        FactRule(
            "diversion",
            _diversion_subject,
            numerator="numerator",
            denominator="denominator",
            month="month",
            attributes=("rule_version", "window_days", "unmatched_orders"),
        ),
    ),
}
