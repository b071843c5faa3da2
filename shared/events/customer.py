"""What the customer service says: the directory, the archive, consent, care and business done.

No name and no clear number of a customer is ever said. Staff are not customers: their display names travel.
"""

from datetime import date, time
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Code, Count, Data, Event, Moment, Month, Words
from shared.money import Yuan


class OpeningHours(Data):
    """One interval in which a hall is open; a day may have several."""

    weekdays: tuple[int, ...] = Field(description="ISO weekdays, 1 = Monday to 7 = Sunday.")
    opens: time
    closes: time = Field(description="00:00 is the end of the day.")


class Consent(Data):
    """The last decision on one purpose."""

    granted: bool
    consent_id: UUID = Field(description="The row of the consent ledger that decides.")
    at: Moment


class HallChanged(Event):
    """A hall as the directory has it from now on."""

    topic: ClassVar = "hall.changed"
    aggregate: ClassVar = "code"
    speakers: ClassVar = ("customer",)
    heard_by: ClassVar = {
        "messaging": "directory: signature, busy days, allowed hours",
        "complaints": "directory: work-order matching, business calendar",
        "kpi": "directory: subjects and their areas",
    }

    code: Code
    full_name: str = Field(description="The registered name; SMS are signed with it.")
    short_name: str
    county: Code
    county_name: str
    number: str = Field(description="The hall's own number, which customers are asked to store.")
    opening_hours: tuple[OpeningHours, ...] = ()
    busy_from_day: int = Field(25, ge=1, le=31, description="First busy day of a month.")
    busy_to_day: int = Field(
        5, ge=1, le=31, description="Last busy day, in the next month when it is smaller."
    )
    sms_from: time = Field(time(8), description="SMS other than answers are sent from this time of day.")
    sms_until: time = Field(time(21), description="… until this one; equal times mean the whole day.")
    effective_from: date
    effective_to: date | None = Field(None, description="Last day; none while the hall exists.")


class ClerkChanged(Event):
    """A member of staff and the post held from now on."""

    topic: ClassVar = "clerk.changed"
    aggregate: ClassVar = "staff_no"
    speakers: ClassVar = ("customer",)
    heard_by: ClassVar = {
        "messaging": "directory: receivers of notices",
        "complaints": "directory: handlers and the ladder",
        "kpi": "directory: subjects and their roles",
    }

    staff_no: Code
    display_name: str
    hall: Code | None = Field(description="None for posts above the hall.")
    county: Code | None = Field(description="None for posts of the region.")
    role: Code = Field(description="clerk, hall_manager, county_manager, regional_office, admin, auditor.")
    effective_from: date
    effective_to: date | None = Field(None, description="Last day; none while in post.")


class UserSessionsEnded(Event):
    """Somebody's sessions are over: a new password, a closed account, another post."""

    topic: ClassVar = "user.sessions_ended"
    aggregate: ClassVar = "subject"
    speakers: ClassVar = ("customer",)
    heard_by: ClassVar = {
        "messaging": "pages refuse the session",
        "complaints": "pages refuse the session",
        "kpi": "pages refuse the session",
    }

    subject: Code = Field(description="Staff number, or the user name of who has none.")


class CustomerEvent(Event):
    """Something about one archived customer, said with the hall, county and clerk it had then."""

    aggregate: ClassVar = "customer_id"
    speakers: ClassVar = ("customer",)

    customer_id: UUID
    hall: Code
    county: Code
    clerk: Code = Field(description="Staff number of the customer manager.")


class CustomerSnapshot(CustomerEvent):
    """The whole customer, as far as other services may know."""

    brand: Code | None = None
    age_band: Code | None = None
    spend_band: Code | None = None
    habits: tuple[Code, ...] = ()
    preferences: tuple[Code, ...] = ()
    tier: Code | None = None
    consents: dict[str, Consent] = Field(
        description="By purpose: archive, service_sms, holiday_sms, marketing_sms. "
        "They share the customer's version with `customer.consent_changed`."
    )
    phone_enc: str = Field(repr=False)
    phone_index: str
    phone_masked: str
    archived_at: Moment
    archived_by: Code = Field(description="Staff number credited with the archiving; never moves.")
    number_stored_at: Moment | None = Field(None, description="When the hall's number was stored.")
    fields_filled: Count = Field(description="Completeness: members of the archive that are filled …")
    fields_total: Count = Field(description="… of how many.")

    def granted(self, purpose: str) -> bool:
        """Whether the customer agrees to `purpose`; silence is no."""
        consent = self.consents.get(purpose)
        return consent is not None and consent.granted


class CustomerRegistered(CustomerSnapshot):
    """A customer agreed to be archived and was (入档)."""

    topic: ClassVar = "customer.registered"
    heard_by: ClassVar = {
        "messaging": "plans the introduction",
        "complaints": "matches callers and work orders",
        "kpi": "customers archived, completeness",
    }

    origin: Code = Field("pos", description="pos, page, import.")


class CustomerUpdated(CustomerSnapshot):
    """The archive of a customer changed, or is said again by a resync."""

    topic: ClassVar = "customer.updated"
    heard_by: ClassVar = {
        "messaging": "projection of customers",
        "complaints": "projection of customers",
        "kpi": "completeness",
    }


class CustomerConsentChanged(CustomerEvent):
    """The customer granted or withdrew consent for one purpose."""

    topic: ClassVar = "customer.consent_changed"
    heard_by: ClassVar = {"messaging": "acts on queued messages", "kpi": "consents given and withdrawn"}

    consent_id: UUID
    purpose: Code
    decision: Code = Field(description="granted, withdrawn.")
    at: Moment
    channel: Code = Field(description="counter, hall_phone, sms, import, page.")
    wording_version: Code
    evidence_kind: Code | None = None
    recorded_by: Code | None = Field(None, description="Staff number; none when the customer did it alone.")

    @property
    def granted(self) -> bool:
        return self.decision == "granted"


class CustomerConsentCodeRequested(CustomerEvent):
    """The customer is to confirm consents by a code that an SMS brings and that works once."""

    topic: ClassVar = "customer.consent_code_requested"
    aggregate: ClassVar = "code_id"
    heard_by: ClassVar = {"messaging": "sends the code"}

    code_id: UUID
    code_enc: str = Field(repr=False, description="The code, sealed like a number; only dispatch opens it.")
    purposes: tuple[Code, ...]
    wording_version: Code
    expires_at: Moment


class CustomerNumberStored(CustomerEvent):
    """The hall's number is now in the customer's phone, under the hall's full name."""

    topic: ClassVar = "customer.number_stored"
    heard_by: ClassVar = {"messaging": "deadline of the introduction", "kpi": "number-stored rate"}

    number_stored_at: Moment
    stored_by: Code
    hall_number: str
    hall_full_name: str


class CustomerTierChanged(CustomerEvent):
    """The rule put the customer in another tier (A, B, C)."""

    topic: ClassVar = "customer.tier_changed"
    heard_by: ClassVar = {
        "messaging": "audiences by tier",
        "complaints": "policies by tier",
        "kpi": "tier of follow-ups",
    }

    from_tier: Code | None
    to_tier: Code
    rule_version: Code
    reason: Code | None = None


class CustomerReassigned(CustomerEvent):
    """The customer has another customer manager; `hall`, `county` and `clerk` are the new ones."""

    topic: ClassVar = "customer.reassigned"
    heard_by: ClassVar = {
        "messaging": "projection of customers, waiting messages",
        "complaints": "hands open tickets over",
        "kpi": "credit from that day on",
    }

    from_hall: Code
    from_county: Code
    from_clerk: Code
    effective_from: date
    reason: Code | None = None
    handover_id: UUID | None = None


class CustomerLeftNetwork(CustomerEvent):
    """The operator or the POS says that the number left the network (离网)."""

    topic: ClassVar = "customer.left_network"
    heard_by: ClassVar = {
        "messaging": "stops sending",
        "complaints": "projection of customers",
        "kpi": "retention",
    }

    left_at: Moment
    reason: Code | None = None
    reported_by: Code = Field("off_net_list", description="off_net_list, pos.")


class CustomerPurged(CustomerEvent):
    """The customer's identity was erased; every projection deletes its own. Past figures stay."""

    topic: ClassVar = "customer.purged"
    heard_by: ClassVar = {
        "messaging": "deletes its projection",
        "complaints": "deletes its projection",
        "kpi": "deletes its projection, keeps figures",
    }

    purged_at: Moment
    reason: Code = Field(description="left_network, erasure_request, consent_withdrawn.")
    month: Month | None = Field(None, description="The monthly cleaning that did it.")


class TouchLogged(CustomerEvent):
    """A visit, call or counter contact with a customer."""

    topic: ClassVar = "touch.logged"
    aggregate: ClassVar = "touch_id"
    heard_by: ClassVar = {"kpi": "contacts made"}

    touch_id: UUID
    kind: Code = Field(description="visit, call, counter, message.")
    qualifying: bool = Field(True, description="Whether it resets the follow-up clock.")
    made_by: Code
    follow_up_id: UUID | None = None


class FollowUpEvent(CustomerEvent):
    """One follow-up (回访) owed to a customer by a tier's strategy."""

    aggregate: ClassVar = "follow_up_id"

    follow_up_id: UUID
    tier: Code | None = None
    due_at: Moment


class FollowUpCompleted(FollowUpEvent):
    """The follow-up was done."""

    topic: ClassVar = "follow_up.completed"
    heard_by: ClassVar = {"kpi": "follow-ups on time"}

    completed_at: Moment
    completed_by: Code
    on_time: bool
    touch_id: UUID | None = None


class FollowUpOverdue(FollowUpEvent):
    """The follow-up is late and has reached a step of the ladder."""

    topic: ClassVar = "follow_up.overdue"
    heard_by: ClassVar = {"kpi": "follow-ups on time"}

    step: Code = Field(description="clerk, hall_manager, county.")
    overdue_at: Moment


class RecommendationEvent(CustomerEvent):
    """One product put to one customer."""

    aggregate: ClassVar = "recommendation_id"

    recommendation_id: UUID
    product: Code
    product_title: str | None = Field(None, description="As an SMS would call it.")
    rule_version: Code = Field(description="Version of the policy and of the product's rule, such as 1.3.")
    offered_by: Code
    offered_at: Moment
    script: Code | None = Field(None, description="The words that were at hand.")


class RecommendationOffered(RecommendationEvent):
    """The clerk offered a product that fits."""

    topic: ClassVar = "recommendation.offered"
    heard_by: ClassVar = {"messaging": "new-business SMS", "kpi": "recommendations made"}

    rank: Count = 1
    reasons: tuple[Code, ...] = ()
    hall_busy: bool = False
    ticket_id: UUID | None = Field(None, description="The settled ticket that gave the opportunity.")


class RecommendationAnswered(RecommendationEvent):
    """The customer answered the offer."""

    topic: ClassVar = "recommendation.answered"
    heard_by: ClassVar = {"messaging": "new-business SMS", "kpi": "acceptance rate"}

    outcome: Code = Field(description="accepted, declined, activated.")
    reason: Code | None = Field(
        None, description="price, not_needed, has_similar, later, no_time, distrust, other."
    )


class ProductActivated(CustomerEvent):
    """A product was opened at the customer's word."""

    topic: ClassVar = "product.activated"
    aggregate: ClassVar = "activation_id"
    heard_by: ClassVar = {"messaging": "confirmation SMS", "kpi": "activations and sales against target"}

    activation_id: UUID
    product: Code
    product_title: str = Field(description="As the confirmation SMS calls it.")
    amount: Yuan
    evidence_kind: Code = Field(description="signature, sms_code, recording.")
    evidence_reference: Words
    sold_by: Code
    recommendation_id: UUID | None = None


class SurveyScore(Data):
    """The answer to one question."""

    question: Code
    score: Count
    out_of: Count


class SurveyAnswered(Event):
    """A customer rated the service; credited to who served."""

    topic: ClassVar = "survey.answered"
    aggregate: ClassVar = "answer_id"
    speakers: ClassVar = ("customer", "complaints")
    heard_by: ClassVar = {"kpi": "customer satisfaction"}

    answer_id: UUID
    survey: Code
    kind: Code = Field(description="counter, after_ticket, periodic.")
    customer_id: UUID | None = None
    ticket_id: UUID | None = None
    hall: Code
    county: Code
    served_by: Code
    scores: tuple[SurveyScore, ...]


class ReportSubmitted(Event):
    """A clerk handed in a market, competitor or work report."""

    topic: ClassVar = "report.submitted"
    aggregate: ClassVar = "report_id"
    speakers: ClassVar = ("customer",)
    heard_by: ClassVar = {"kpi": "market and work reports"}

    report_id: UUID
    kind: Code = Field(description="market, competitor, work_daily, work_weekly, work_monthly.")
    clerk: Code
    hall: Code
    county: Code
    period: str | None = Field(None, description="The day, week or month reported on.")
    due_at: Moment | None = None


class RecordChecked(CustomerEvent):
    """Somebody compared a customer's record with the truth; `clerk` is whose record it is."""

    topic: ClassVar = "record.checked"
    aggregate: ClassVar = "check_id"
    heard_by: ClassVar = {"kpi": "archive accuracy"}

    check_id: UUID
    checked_by: Code
    fields_right: Count = Field(description="Fields found right …")
    fields_checked: Count = Field(description="… of how many that were looked at.")
