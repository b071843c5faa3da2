"""Who may get which class of message (C1, M4, M8). Pure; the same rule at planning, at release and at claim."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Literal
from uuid import UUID

Reason = Literal[
    "not-archived",
    "left-network",
    "number-dead",
    "do-not-contact",
    "opted-out",
    "no-consent",
    "complaint-open",
    "complaint-recent",
    "cap-reached",
    "min-gap",
]

PURPOSE_OF = {
    "intro": "service_sms",
    "service": "service_sms",
    "holiday": "holiday_sms",
    "marketing": "marketing_sms",
}
"""The consent each class rests on; the exempt classes are not here and need none."""

WAITS_FOR_TICKETS = frozenset({"marketing"})


@dataclass(frozen=True, slots=True)
class Word:
    """The customer's last word on one purpose."""

    consent_id: UUID
    granted: bool
    at: datetime
    wording_version: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for and against writing to a customer."""

    archived: bool
    active: bool
    words: dict[str, Word]
    opted_out_at: datetime | None = None
    number_dead: bool = False
    do_not_contact: bool = False
    ticket_open: bool = False
    ticket_closed_at: datetime | None = None
    """When the last ticket closed that did not end in a good rating."""

    def word_for(self, message_class: str) -> Word | None:
        purpose = PURPOSE_OF.get(message_class)
        return self.words.get(purpose) if purpose else None


def in_a_row(outcomes: Iterable[tuple[datetime, str | None]], failure: str, since: datetime | None) -> int:
    """How many of the newest outcomes were that failure, not counting what was submitted before `since`.

    `outcomes` are the newest first, each with the moment of its submission; None is a message that arrived.
    """
    newer = takewhile(lambda each: each[1] == failure, outcomes)
    return sum(1 for submitted_at, _failure in newer if since is None or submitted_at > since)


def reason_against(
    standing: Standing, message_class: str, rests_since: datetime | None = None
) -> Reason | None:
    """The first reason not to send, None when there is none.

    A ticket that closed after `rests_since` without a good rating still keeps advertising back.
    """
    if not standing.archived:
        return "not-archived"
    if not standing.active:
        return "left-network"
    if standing.number_dead:
        return "number-dead"
    if message_class not in PURPOSE_OF:
        return None
    if standing.do_not_contact:
        return "do-not-contact"
    return _reason_without_consent(standing, message_class) or _reason_of_tickets(
        standing, message_class, rests_since
    )


def _reason_of_tickets(standing: Standing, message_class: str, rests_since: datetime | None) -> Reason | None:
    if message_class not in WAITS_FOR_TICKETS:
        return None
    if standing.ticket_open:
        return "complaint-open"
    closed_at = standing.ticket_closed_at
    recent = closed_at is not None and rests_since is not None and closed_at > rests_since
    return "complaint-recent" if recent else None


def _reason_without_consent(standing: Standing, message_class: str) -> Reason | None:
    word = standing.word_for(message_class)
    if opted_out(standing.opted_out_at, word):
        return "opted-out"
    if word is None or not word.granted:
        return "no-consent"
    return None


def opted_out(opted_out_at: datetime | None, word: Word | None) -> bool:
    """An opt-out holds until the customer agrees again, later, in so many words."""
    if opted_out_at is None:
        return False
    return word is None or not word.granted or word.at <= opted_out_at
