"""The definition, published with every figure; whoever changes it changes the version.

Each archived customer with an issue in the month counts once, in the denominator, under the hall and the customer
manager of the month's first contact. The customer counts in the numerator when that contact was raised at the hall
(counter, hall telephone, SMS, denied activation) and no 10086 order of the same category followed within N days.
At the same moment the hall comes first. Orders that match nobody in the archive are told apart, never counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.complaints.tickets.rules import HALL_SOURCES

RULE_VERSION = "diversion-1"
HALL, HOTLINE = "hall", "hotline"
NOBODY = ""
"""Stands for the missing clerk in keys."""

__all__ = [
    "HALL", "HALL_SOURCES", "HOTLINE", "NOBODY", "RULE_VERSION", "Contact", "Figure", "Line", "Picture", "diverted",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contact:
    """One issue raised by one archived customer."""

    customer: UUID
    via: str
    category: str
    at: datetime
    hall: str
    clerk: str | None


@dataclass(frozen=True, slots=True)
class Figure:
    """Numerator and denominator; a rate is for showing only and never travels."""

    numerator: int = 0
    denominator: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.numerator + other.numerator, self.denominator + other.denominator)

    @property
    def rate(self) -> str | None:
        """Per cent with one decimal; None without a denominator."""
        return f"{100 * self.numerator / self.denominator:.1f}%" if self.denominator else None


@dataclass(frozen=True, slots=True)
class Line:
    """One hall and clerk with the month before."""

    hall: str
    county: str
    clerk: str | None
    figure: Figure
    before: Figure
    unmatched: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A month as it can be measured now."""

    month: str
    baseline_month: str
    lines: list[Line]
    unmatched_elsewhere: int
    """Unmatched orders that no hall was found for."""


def diverted(
    contacts: Iterable[Contact], start: datetime, end: datetime, window: timedelta
) -> dict[tuple[str, str], Figure]:
    """The definition in plain words, by hall and clerk; the repository's statement must give the same."""
    every = sorted(contacts, key=lambda c: (c.at, c.via != HALL))
    first: dict[UUID, Contact] = {}
    for contact in every:
        if start <= contact.at < end:
            first.setdefault(contact.customer, contact)
    figures: dict[tuple[str, str], Figure] = {}
    for contact in first.values():
        followed = any(
            c.customer == contact.customer and c.via == HOTLINE and c.category == contact.category
            and timedelta(0) <= c.at - contact.at <= window
            for c in every
        )  # fmt: skip
        key = contact.hall, contact.clerk or NOBODY
        good = contact.via == HALL and not followed
        figures[key] = figures.get(key, Figure()) + Figure(int(good), 1)
    return figures
