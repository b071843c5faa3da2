"""Bodies of recommendations, opportunities, policies and statistics. Of a customer only the masked number is shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.customer.archive.rules import TICKET_CATEGORIES, TICKET_KINDS
from services.customer.consent.schemas import line
from services.customer.recommendations.models import RecommendationPolicy
from services.customer.recommendations.repository import Acceptance, Look, Shown, Waiting
from services.customer.recommendations.rules import LONGEST_WINDOW_DAYS, MOST_A_DAY, WITHHELD_WORDS, Busy
from services.customer.scripts import rules as script_rules
from shared.phones import hide_numbers

Reason = Annotated[str, line(100), AfterValidator(hide_numbers)]
Answer = Literal["accepted", "declined"]
StaffNo = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,20}$")]
Days = Annotated[int, Field(ge=0, le=LONGEST_WINDOW_DAYS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutcomeCreate(_Body):
    """The customer's answer; a reason is one of the codes, or words."""

    outcome: Answer
    reason: Reason | None = None
    clerk: StaffNo | None = None


class PolicyCreate(_Body):
    """How the house recommends from a day on. `busy`: while the hall is busy only quick products, none, or all."""

    effective_from: date
    max_offers: Annotated[int, Field(ge=0, le=MOST_A_DAY)] = MOST_A_DAY
    busy: Busy = "quick"
    declined_rest_days: Days = 30
    accepted_rest_days: Days = 180
    opportunity_days: Days = 30

    def policy(self, *, by: str, now: datetime) -> RecommendationPolicy:
        return RecommendationPolicy(version=0, created_at=now, created_by=by, **self.model_dump())


class PolicyRead(PolicyCreate):
    """A version of the policy."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    version: int


class OutcomeRead(BaseModel):
    """How a recommendation ended."""

    model_config = ConfigDict(from_attributes=True)

    outcome: str
    reason: str | None
    note: str | None
    answered_at: datetime
    answered_by: str
    activation_id: UUID | None


class RecommendationRead(BaseModel):
    """What was shown, why, and how it ended."""

    id: UUID
    customer_id: UUID
    hall: str
    product: str
    product_title: str
    rank: int
    rule_version: str
    reasons: list[str]
    reason_codes: list[str]
    hall_busy: bool
    ticket_id: UUID | None
    shown_at: datetime
    offered_by: str
    outcome: OutcomeRead | None

    @classmethod
    def of(cls, shown: Shown) -> Self:
        return cls.model_validate(_shown(shown))


class OfferRead(RecommendationRead):
    """A recommendation with what the clerk needs to speak of it."""

    selling_points: list[str]
    price_text: str
    words: str | None


class ScriptRead(BaseModel):
    """Which script the words come from."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    title: str


class OffersRead(BaseModel):
    """Today's recommendations for one customer, or why there are none."""

    customer_id: UUID
    day: date
    hall_busy: bool
    withheld: str | None
    note: str | None
    settled_well: bool
    script: ScriptRead | None
    items: list[OfferRead]
    next_cursor: None = None

    @classmethod
    def of(cls, look: Look, clerk: str = "") -> Self:
        """`clerk`: the name of whoever speaks."""
        offers = [_offer(look, one, clerk) for one in look.everything()]
        return cls(
            customer_id=look.customer.id,
            day=look.day,
            hall_busy=look.hall_busy,
            withheld=look.withheld,
            note=_note(look, offers),
            settled_well=look.issue is not None and look.issue.well,
            script=ScriptRead.model_validate(look.script) if look.script else None,
            items=offers,
        )


class OpportunityRead(BaseModel):
    """A customer whose issue was settled well, and who has taken it."""

    ticket_id: UUID
    customer_id: UUID
    name: str
    phone_masked: str
    hall: str
    clerk: str
    kind: str
    category: str
    about: str
    score: int | None
    settled_at: datetime | None
    taken_at: datetime | None
    taken_by: str | None

    @classmethod
    def of(cls, waiting: Waiting) -> Self:
        opportunity, customer = waiting.opportunity, waiting.customer
        mine = {
            n: getattr(opportunity, n)
            for n in cls.model_fields.keys() & type(opportunity).model_fields.keys()
        }
        theirs = {name: getattr(customer, name) for name in ("name", "phone_masked", "hall", "clerk")}
        return cls(**{**mine, **theirs, "about": about(opportunity.kind, opportunity.category)})


class CountRead(BaseModel):
    """One line of the statistics: accepted (or opened since) of shown, and what else became of them."""

    key: str
    name: str
    shown: int
    answered: int
    accepted: int
    declined: int
    activated: int
    numerator: int
    denominator: int

    @classmethod
    def of(cls, row: Any, names: Mapping[str, str]) -> Self:
        key = "" if row.key is None else str(row.key)
        return cls._counted(
            key, names.get(key, key) or "—", row.shown, row.accepted, row.declined, row.activated
        )

    @classmethod
    def sum_of(cls, lines: Iterable["CountRead"]) -> Self:
        lines = list(lines)
        accepted = sum(line.accepted - line.activated for line in lines)
        parts = (sum(getattr(line, name) for line in lines) for name in ("shown", "declined", "activated"))
        shown, declined, activated = parts
        return cls._counted("total", "合计", shown, accepted, declined, activated)

    @classmethod
    def _counted(cls, key: str, name: str, shown: int, accepted: int, declined: int, activated: int) -> Self:
        """Whoever opened the product accepted it."""
        yes = accepted + activated
        return cls(
            key=key, name=name, shown=shown, answered=yes + declined, accepted=yes, declined=declined,
            activated=activated, numerator=yes, denominator=shown,
        )  # fmt: skip


class StatisticsRead(BaseModel):
    """Acceptance in a period, by one key; rates are left to the reader, both sides are here."""

    by: str
    since: date
    until: date
    hall: str | None
    items: list[CountRead]
    total: CountRead
    declined_because: dict[str, int]

    @classmethod
    def of(cls, found: Acceptance) -> Self:
        lines = [CountRead.of(row, found.names) for row in found.rows]
        return cls(
            by=found.by, since=found.since, until=found.until, hall=found.hall, items=lines,
            total=CountRead.sum_of(lines), declined_because=dict(found.declined_because),
        )  # fmt: skip


def about(kind: str, category: str) -> str:
    """投诉资费争议, 咨询业务."""
    return TICKET_KINDS.get(kind, "工单") + TICKET_CATEGORIES.get(category, "其他")


def _offer(look: Look, shown: Shown, clerk: str) -> OfferRead:
    one, customer = shown.recommendation, look.customer
    offer = look.offers.get(one.product)
    points, price = (list(offer.selling_points), offer.price_text) if offer else ([], "")
    said = {
        "hall": customer.registered_name, "number": customer.number, "clerk": clerk, "customer": customer.name,
        "product": one.product_title,
    }  # fmt: skip
    words = script_rules.filled(look.script.text, said) if look.script else None
    return OfferRead(**_shown(shown), selling_points=points, price_text=price, words=words)


def _shown(shown: Shown) -> dict[str, Any]:
    one = shown.recommendation
    as_stored = RecommendationRead.model_fields.keys() - {"reasons", "reason_codes", "outcome"}
    outcome = shown.outcome and OutcomeRead.model_validate(shown.outcome)
    return {
        **{name: getattr(one, name) for name in as_stored},
        "reasons": [reason["words"] for reason in one.reasons],
        "reason_codes": [reason["code"] for reason in one.reasons],
        "outcome": outcome,
    }


def _note(look: Look, offers: Sequence[OfferRead]) -> str | None:
    if look.withheld is not None:
        return WITHHELD_WORDS[look.withheld]
    return None if offers else "今天没有适合这位客户的业务。"
