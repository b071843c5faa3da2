"""What the counts of a month say: how many got how many, what followed after how many, and which hour serves best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAST_SHARE = 0.02
"""An hour with fewer of the month's messages than this is left out of the choice: three lucky ones prove nothing."""


@dataclass(frozen=True, slots=True)
class After:
    """Customers who got at least so many messages, and who opted out or complained when they had just so many."""

    messages: int
    customers: int
    opt_outs: int
    complaints: int


@dataclass(frozen=True, slots=True)
class Hour:
    """What was sent in one hour of the day, and what came of it."""

    hour: int
    sent: int
    delivered: int
    answered: int
    opted_out: int


@dataclass(frozen=True, slots=True)
class OfClass:
    """One class: its messages and how many customers got any."""

    message_class: str
    messages: int
    customers: int
    delivered: int


@dataclass(frozen=True, slots=True)
class OfHall:
    """One hall: who agreed to service SMS, how many of them were reached, and what followed."""

    hall: str
    agreed: int
    reached: int
    messages: int
    opt_outs: int
    complaints: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """A month. `histogram` counts customers by the messages they got; zero counts who agreed and got none."""

    month: str
    agreed: int
    reached: int
    messages: int
    histogram: Mapping[int, int]
    after: tuple[After, ...]
    hours: tuple[Hour, ...]
    by_class: tuple[OfClass, ...]
    by_hall: tuple[OfHall, ...]

    @property
    def best_hour(self) -> int | None:
        return best_hour(self.hours)


def histogram_of(counts: Mapping[int, int], agreed: int, reached: int) -> dict[int, int]:
    """Customers by number of messages, from none on without gaps."""
    most = max(counts, default=0)
    return {0: agreed - reached, **{n: counts.get(n, 0) for n in range(1, most + 1)}}


def followed(
    counts: Mapping[int, int], opt_outs: Mapping[int, int], complaints: Mapping[int, int]
) -> tuple[After, ...]:
    """After how many messages customers opted out or complained; each beside how many got at least so many."""
    most = max((*counts, *opt_outs, *complaints), default=0)
    return tuple(
        After(n, sum(c for got, c in counts.items() if got >= n), opt_outs.get(n, 0), complaints.get(n, 0))
        for n in range(1, most + 1)
    )


def best_hour(hours: Sequence[Hour]) -> int | None:
    """The hour with the best share delivered, then the most answers and the fewest opt-outs; None without messages."""
    whole = sum(hour.sent for hour in hours)
    fair = [hour for hour in hours if hour.sent and hour.sent >= whole * LEAST_SHARE]
    if not fair:
        return None
    return max(fair, key=_merit).hour


def _merit(hour: Hour) -> tuple[float, float, float, int]:
    return hour.delivered / hour.sent, hour.answered / hour.sent, -hour.opted_out / hour.sent, hour.sent
