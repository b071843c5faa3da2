"""How a ledger of decisions becomes what a customer agrees to now, or agreed to at any moment (C1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID


class Purpose(StrEnum):
    """What a consent is for. Each is decided on its own, except that none outlives `ARCHIVE`."""

    ARCHIVE = "archive"
    SERVICE_SMS = "service_sms"
    HOLIDAY_SMS = "holiday_sms"
    MARKETING_SMS = "marketing_sms"


PURPOSE_LABELS = {
    Purpose.ARCHIVE: "保存档案",
    Purpose.SERVICE_SMS: "服务短信",
    Purpose.HOLIDAY_SMS: "节日问候",
    Purpose.MARKETING_SMS: "新业务和优惠短信",
}


class Decision(StrEnum):
    """What the customer said."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a decision: a signature, a recording, an SMS; the reference finds it."""

    kind: str
    reference: str


class Entry(Protocol):
    """One row of the ledger."""

    id: UUID
    customer_id: UUID
    purpose: str
    decision: str
    at: datetime
    recorded_at: datetime
    channel: str
    clerk: str
    hall: str
    county: str
    wording_version: str
    evidence_kind: str
    evidence_reference: str


E = TypeVar("E", bound=Entry)


def in_force(entries: Iterable[E], as_of: datetime | None = None) -> dict[Purpose, E]:
    """The entry that counts for each purpose: the customer's last word up to and including `as_of`.

    Last means last said (`at`), not last typed in; of two said at the same instant the one recorded later counts.
    """
    said = [entry for entry in entries if as_of is None or entry.at <= as_of]
    return {Purpose(entry.purpose): entry for entry in sorted(said, key=_said)}


def in_force_by_customer(entries: Iterable[E]) -> dict[UUID, dict[Purpose, E]]:
    """The same for the ledgers of many customers at once."""
    theirs: dict[UUID, list[E]] = {}
    for entry in entries:
        theirs.setdefault(entry.customer_id, []).append(entry)
    return {customer_id: in_force(ledger) for customer_id, ledger in theirs.items()}


def granted(entries: Iterable[Entry], as_of: datetime | None = None) -> dict[Purpose, bool]:
    """Whether each purpose is agreed to. No word is no; without `ARCHIVE` everything is no."""
    counting = in_force(entries, as_of)
    yes = {purpose for purpose, entry in counting.items() if entry.decision == Decision.GRANTED}
    return {purpose: purpose in yes and Purpose.ARCHIVE in yes for purpose in Purpose}


def agreed_to(answers: Mapping[Purpose, bool]) -> list[Purpose]:
    """The purposes a customer said yes to at once; a no at first asking leaves no row, since no word is no."""
    return [purpose for purpose in Purpose if answers.get(purpose, False)]


def affected_by(purpose: Purpose, decision: Decision, now_granted: Mapping[Purpose, bool]) -> list[Purpose]:
    """The purposes a decision speaks for: whoever leaves the archive withdraws everything still granted."""
    if (purpose, decision) != (Purpose.ARCHIVE, Decision.WITHDRAWN):
        return [purpose]
    return [purpose, *(p for p in Purpose if p is not purpose and now_granted.get(p, False))]


def _said(entry: Entry) -> tuple[datetime, datetime, UUID]:
    return entry.at, entry.recorded_at, entry.id
