"""What the complaints service says: tickets, their clocks and cycles, work orders of 10086, and diversion."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Count, Data, Event, Moment, Month


class WorkOrderRef(Data):
    """The work order a ticket stands for."""

    source: Code
    number: Code


class Clock(Data):
    """One clock of a ticket's cycle: when it is due, and whether it was kept."""

    clock: Code = Field(description="first_response, next_response, resolution, legal.")
    due_at: Moment | None = Field(None, description="None while the clock is paused.")
    at: Moment | None = Field(None, description="When it was stopped; none while it runs.")
    within: bool | None = Field(None, description="Whether it was kept; none while that is open.")


class TicketEvent(Event):
    """Something about one ticket, in its present cycle."""

    aggregate: ClassVar = "ticket_id"
    speakers: ClassVar = ("complaints",)

    ticket_id: UUID
    number: Code
    kind: Code = Field(description="enquiry, complaint.")
    category: Code
    source: Code = Field(description="counter, hall_phone, sms, work_order, activation_denied.")
    customer_id: UUID | None = Field(description="None when the caller is not archived.")
    hall: Code
    county: Code
    clerk: Code | None = Field(None, description="The customer's manager.")
    handler: Code | None = Field(None, description="Who works on it.")
    cycle: int = Field(1, ge=1, description="Rises with every reopening.")
    received_at: Moment
    work_order: WorkOrderRef | None = None


class ComplaintOpened(TicketEvent):
    """An enquiry or complaint was received."""

    topic: ClassVar = "complaint.opened"
    heard_by: ClassVar = {
        "messaging": "receipt to the customer, no marketing meanwhile",
        "customer": "service and complaint column of the archive",
        "kpi": "enquiries and complaints",
    }

    phone_enc: str | None = Field(None, repr=False, description="Only for callers who are not archived.")
    phone_masked: str | None = None
    clocks: tuple[Clock, ...] = ()
    activation_id: UUID | None = Field(None, description="The activation that the customer denies.")
    inbound_id: UUID | None = Field(None, description="The SMS it came from.")


class ComplaintAssigned(TicketEvent):
    """The ticket has a handler, or another one."""

    topic: ClassVar = "complaint.assigned"
    heard_by: ClassVar = {"kpi": "work in hand", "messaging": "notice to the handler"}

    from_handler: Code | None = None
    assigned_by: Code | None = None


class ComplaintResponded(TicketEvent):
    """The customer was answered; the clock says whether in time."""

    topic: ClassVar = "complaint.responded"
    heard_by: ClassVar = {"kpi": "first response on time"}

    responded_at: Moment
    responded_by: Code
    clock: Clock


class ComplaintEscalated(TicketEvent):
    """The ticket went up the ladder."""

    topic: ClassVar = "complaint.escalated"
    heard_by: ClassVar = {"kpi": "escalations", "messaging": "notice to managers"}

    from_level: Code | None = None
    level: Code = Field(description="hall_manager, county, region.")
    reason: Code = Field(description="time, reopened, category, manual.")
    escalated_to: Code | None = Field(None, description="Staff number at that level.")


class ComplaintClockMissed(TicketEvent):
    """A clock passed its due moment, or its warning; said once each."""

    topic: ClassVar = "complaint.clock_missed"
    heard_by: ClassVar = {"kpi": "misses", "messaging": "notice to managers"}

    clock: Code
    severity: Code = Field("missed", description="warning, missed.")
    due_at: Moment
    level: Code | None = Field(None, description="Level of the ladder at that moment.")


class ComplaintResolved(TicketEvent):
    """The handler settled the matter; the customer is told and asked."""

    topic: ClassVar = "complaint.resolved"
    heard_by: ClassVar = {
        "messaging": "result SMS",
        "customer": "archive, opportunity for a recommendation",
        "kpi": "resolved on time, causes",
    }

    resolved_at: Moment
    cause: Code = Field(
        description="Root cause: unauthorised_activation, tariff_doubt, network, sms_nuisance, attitude …"
    )
    remedy: Code
    responsible_clerk: Code | None = None
    responsible_hall: Code | None = None
    clocks: tuple[Clock, ...] = Field(description="Every clock of the cycle with due, at, within.")
    phone_enc: str | None = Field(None, repr=False, description="Only for callers who are not archived.")
    phone_masked: str | None = None


class ComplaintReopened(TicketEvent):
    """The matter was not settled after all; `cycle` is the new one."""

    topic: ClassVar = "complaint.reopened"
    heard_by: ClassVar = {"customer": "archive", "kpi": "reopened", "messaging": "no marketing meanwhile"}

    reopened_at: Moment
    reason: Code = Field(description="bad_rating, customer, repeat, manual.")
    clocks: tuple[Clock, ...] = ()


class ComplaintClosed(TicketEvent):
    """The ticket is finished: settled and called back, or withdrawn."""

    topic: ClassVar = "complaint.closed"
    heard_by: ClassVar = {
        "customer": "archive, opportunity for a recommendation",
        "kpi": "closed, call-backs made",
        "messaging": "marketing allowed again",
    }

    closed_at: Moment
    reason: Code = Field(description="settled, no_answer, withdrawn.")
    called_back_by: Code | None = Field(None, description="Never the handler.")
    score: Count | None = None
    out_of: Count | None = None


class ComplaintMerged(TicketEvent):
    """The ticket is a duplicate and lives on in another one."""

    topic: ClassVar = "complaint.merged"
    heard_by: ClassVar = {"customer": "archive", "kpi": "not counted twice", "messaging": "no second answer"}

    merged_at: Moment
    into_ticket_id: UUID
    into_number: Code


class ComplaintRated(TicketEvent):
    """The customer rated how it was settled."""

    topic: ClassVar = "complaint.rated"
    heard_by: ClassVar = {
        "customer": "archive",
        "kpi": "satisfaction",
        "messaging": "marketing after a good rating",
    }

    rated_at: Moment
    score: Count
    out_of: Count = 5
    good: bool = Field(description="Whether the rule calls it a good rating; a bad one reopens.")
    rated_through: Code = Field("callback", description="callback, sms, survey.")
    called_back_by: Code | None = None


class WorkOrderImported(Event):
    """A complaint order of the 10086 hotline is known, or was updated by a later file."""

    topic: ClassVar = "work_order.imported"
    aggregate: ClassVar = "work_order_id"
    speakers: ClassVar = ("complaints",)
    heard_by: ClassVar = {"kpi": "orders of 10086, diversion"}

    work_order_id: UUID
    source: Code
    number: Code
    category: Code
    received_at: Moment
    due_at: Moment | None = None
    status: Code | None = None
    customer_id: UUID | None = Field(None, description="The archived customer it matches, or none.")
    hall: Code | None = None
    county: Code | None = None
    clerk: Code | None = None
    ticket_id: UUID | None = None


class Baseline(Data):
    """The same measure before the halls took part."""

    month: Month
    numerator: Count
    denominator: Count


class DiversionMeasured(Event):
    """Of archived customers with an issue in the month, how many came to the hall and not to 10086 after.

    One event for each hall and clerk; customers without a clerk are under none. Halls and counties are sums.
    """

    topic: ClassVar = "diversion.measured"
    aggregate: ClassVar = ("month", "hall", "clerk")
    speakers: ClassVar = ("complaints",)
    heard_by: ClassVar = {"kpi": "diversion rate"}

    month: Month
    hall: Code
    county: Code
    clerk: Code | None = None
    numerator: Count
    denominator: Count
    unmatched_orders: Count = Field(0, description="Orders of the hall that match nobody in the archive.")
    window_days: Count = Field(description="An order within so many days of the hall's ticket undoes it.")
    rule_version: Code
    baseline: Baseline | None = None
