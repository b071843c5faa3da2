"""Which products to offer whom today, and what may not be offered: pure, from facts and data."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from services.customer.archive.rules import DECLINE_REASONS, CodeTables
from services.customer.products.rules import Offer, Reason, Situation

MOST_A_DAY = 3
LONGEST_WINDOW_DAYS = 365

Busy = Literal["quick", "none", "all"]
Withheld = Literal["complaint-open", "hall-busy", "consent-withdrawn", "left-network"]

WITHHELD_WORDS: dict[Withheld, str] = {
    "complaint-open": "客户的咨询或投诉还没有办结，现在不推荐业务，请先把事情办好。",
    "hall-busy": "营业厅正值忙时，今天不推荐业务。",
    "consent-withdrawn": "客户已撤回保存档案的同意，不再推荐业务。",
    "left-network": "客户的号码已离网，不再推荐业务。",
}
OPEN_TICKETS = ("new", "assigned", "in_progress", "waiting", "resolved")


@dataclass(frozen=True, slots=True)
class Policy:
    """How the house recommends, in versions: how many, what when busy, how long to let an answer rest."""

    version: int
    max_offers: int = MOST_A_DAY
    busy: Busy = "quick"
    declined_rest_days: int = 30
    accepted_rest_days: int = 180
    opportunity_days: int = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand between the customer and one product."""

    product: str
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """A ticket of the customer, when it was settled if it is, and whether the customer said that it was done well."""

    ticket_id: UUID
    kind: str | None
    status: str | None
    settled_at: datetime | None
    well: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A product that fits, and why."""

    offer: Offer
    reasons: tuple[Reason, ...]


def choose(
    offers: Iterable[Offer],
    situation: Situation,
    tables: CodeTables,
    policy: Policy,
    *,
    resting: Collection[str],
    day: date,
) -> list[Choice]:
    """The products that fit, best first, at most as many as the policy allows.

    More reasons come before fewer, then the office's priority, then the code. While the hall is busy only what is
    quick, or nothing, as the policy says.
    """
    busy = situation.hall == "busy"
    if busy and policy.busy == "none":
        return []
    fitting = [
        Choice(offer, tuple(offer.audience.reasons(situation, tables)))
        for offer in offers
        if offer.is_valid_on(day)
        and offer.code not in resting
        and (offer.quick or not busy or policy.busy == "all")
        and offer.audience.fits(situation)
    ]
    fitting.sort(key=lambda c: (-len(c.reasons), -c.offer.priority, c.offer.code))
    return fitting[: policy.max_offers]


def resting(standings: Iterable[Standing], policy: Policy, now: datetime) -> set[str]:
    """Products not to speak of again for a while: declined lately, accepted or opened."""
    days = {
        "declined": policy.declined_rest_days,
        "accepted": policy.accepted_rest_days,
        "activated": policy.accepted_rest_days,
        "denied": policy.accepted_rest_days,
    }
    return {s.product for s in standings if now - s.at < timedelta(days=days.get(s.outcome, 0))}


def is_open(issue: Issue) -> bool:
    """Until it is closed; a good rating settles it, whichever of the two is heard first."""
    return issue.status in OPEN_TICKETS and not issue.well


def settled(issues: Iterable[Issue], policy: Policy, now: datetime) -> tuple[str, Issue | None]:
    """How the last issue ended that is recent enough to speak of: none, settled or settled_well."""
    since = now - timedelta(days=policy.opportunity_days)
    recent = [i for i in issues if i.settled_at is not None and i.settled_at >= since and not is_open(i)]
    if not recent:
        return "none", None
    last = max(recent, key=lambda issue: (issue.well, issue.settled_at))
    return ("settled_well" if last.well else "settled"), last


def reason_code(text: str | None) -> str | None:
    """The code of a reason given as a code or in its own words; anything else is `other`."""
    if text is None:
        return None
    by_words: Mapping[str, str] = {words: code for code, words in DECLINE_REASONS.items()}
    return text if text in DECLINE_REASONS else by_words.get(text, "other")


def note_of(text: str | None) -> str | None:
    """What the code does not say already."""
    return text if reason_code(text) == "other" and text not in ("other", DECLINE_REASONS["other"]) else None
