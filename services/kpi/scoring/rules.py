"""From indicators' figures to scores: roll-up, points, weights, ranks, and the hash that ties them to a run.

Parts always sum to the figure: places to subjects, contributions to scores.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from services.kpi.facts.rules.counting import Place
from services.kpi.indicators.rules import Definition, Figure, total
from services.kpi.schemes.rules import Level, MissingPolicy, SchemeItem, points

REGION = "region"
PLACES = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what is scored; county and hall are empty above their level."""

    level: Level
    code: str
    county: str = ""
    hall: str = ""
    heads: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """One indicator in one score. `points` is None where there is no data.

    `spoke` is False where nobody in the period had anything counted above the line: the points are those of silence.
    """

    item: SchemeItem
    figure: Figure
    value: Decimal | None
    target: Decimal
    points: Decimal | None
    contribution: Decimal | None = None
    spoke: bool = True


@dataclass(frozen=True, slots=True)
class Scored:
    """A subject with its score and what it is made of; `score` is None when nothing, or not enough, is known."""

    subject: Subject
    score: Decimal | None
    results: tuple[Result, ...]
    sample: int
    rank: int | None = None
    peers: int = 0


@dataclass(frozen=True, slots=True)
class Roster:
    """Who was at which hall in the period: hall → county, clerk → (county, hall), and staff who are no clerks."""

    halls: Mapping[str, str]
    clerks: Mapping[str, tuple[str, str]]
    other_staff: frozenset[str] = frozenset()

    def subjects(self, places: Iterable[Place]) -> list[Subject]:
        """Everybody to be scored: the roster, and whoever the facts credit that the directory does not know yet."""
        halls, clerks = dict(self.halls), dict(self.clerks)
        for place in sorted(places, key=lambda p: (p.county, p.hall, p.clerk)):
            if place.hall:
                halls.setdefault(place.hall, place.county)
            if place.clerk and place.clerk not in self.other_staff:
                clerks.setdefault(place.clerk, (place.county, place.hall))
        counties = sorted({county for county in halls.values() if county})
        return [
            Subject("region", REGION, heads=max(len(self.clerks), 1)),
            *(Subject("county", code, code, heads=self._heads(0, code)) for code in counties),
            *(
                Subject("hall", code, county, code, self._heads(1, code))
                for code, county in sorted(halls.items())
            ),
            *(Subject("clerk", code, county, hall) for code, (county, hall) in sorted(clerks.items())),
        ]

    def _heads(self, member: int, code: str) -> int:
        return max(sum(1 for place in self.clerks.values() if place[member] == code), 1)


def belongs_to(place: Place, subject: Subject) -> bool:
    """Whether what is credited at the place counts for the subject."""
    match subject.level:
        case "clerk":
            return place.clerk == subject.code
        case "hall":
            return place.hall == subject.code
        case "county":
            return place.county == subject.code
        case _:
            return True


def roll_up(figures: Mapping[Place, Figure], level: Level) -> dict[str, Figure]:
    """Figures of places summed to the subjects of a level; what is credited to nobody there is under ""."""
    grouped: dict[str, list[Figure]] = {}
    for place, figure in figures.items():
        code = REGION if level == "region" else str(getattr(place, level))
        grouped.setdefault(code, []).append(figure)
    return {code: total(parts) for code, parts in grouped.items()}


def result_of(
    item: SchemeItem, definition: Definition, figure: Figure, target: Decimal, *, spoke: bool
) -> Result:
    """Value and points of one indicator, before the weights are applied."""
    value = definition.value(figure, source_spoke=spoke)
    earned = None if value is None else points(value, target, definition.direction, item.tolerance)
    return Result(item, figure, value, target, earned, spoke=spoke)


def weigh(
    parts: Sequence[tuple[Decimal, Decimal | None]], policy: MissingPolicy
) -> tuple[Decimal | None, list[Decimal | None]]:
    """(weight, points) of each part → the score and each part's contribution, which sum to it exactly.

    `exclude_and_renormalise` leaves parts without points out and scales the other weights up to 100; `zero` counts
    them as 0; `hold` gives no score while one is missing. Without any points there is no score.
    """
    known = [(weight, earned) for weight, earned in parts if earned is not None]
    nothing: list[Decimal | None] = [None] * len(parts)
    if not known or (policy == "hold" and len(known) < len(parts)):
        return None, nothing
    if policy == "zero":
        parts = [(weight, Decimal(0) if earned is None else earned) for weight, earned in parts]
    together = sum((weight for weight, earned in parts if earned is not None), Decimal(0))
    exact = [None if earned is None else weight * earned / together for weight, earned in parts]
    score = sum((part for part in exact if part is not None), Decimal(0)).quantize(PLACES, ROUND_HALF_UP)
    return score, _apportioned(exact, score)


def compose(subject: Subject, results: Sequence[Result], policy: MissingPolicy) -> Scored:
    """The subject's score out of its indicators' results; none where all points are those of silence.

    Faults that nobody counted are zero faults, but a period in which nothing was counted at all is not a perfect one.
    """
    counted = any(result.spoke and result.points is not None for result in results)
    parts = [(result.item.weight, result.points if counted else None) for result in results]
    score, shares = weigh(parts, policy)
    weighed = tuple(
        replace(result, contribution=share) for result, share in zip(results, shares, strict=True)
    )
    return Scored(subject, score, weighed, sample=sum(result.figure.facts for result in results))


def ranked(scored: Iterable[Scored], minimum_sample: int) -> list[Scored]:
    """Places among peers, best first; equals share a place and the next ones are skipped (1, 2, 2, 4).

    Whoever has no score, or fewer facts than the minimum sample, is not ranked.
    """
    everybody = list(scored)
    scores = sorted((s.score for s in everybody if _may_rank(s, minimum_sample)), reverse=True)  # type: ignore[type-var]
    place = {score: position for position, score in reversed(list(enumerate(scores, start=1)))}
    return [
        Scored(
            s.subject,
            s.score,
            s.results,
            s.sample,
            place[s.score] if _may_rank(s, minimum_sample) else None,
            len(scores),
        )
        for s in everybody
    ]


def figures_hash(rows: Iterable[Sequence[object]]) -> str:
    """SHA-256 over figures as text, one row a line: equal wherever the same figures are shown."""
    digest = hashlib.sha256()
    for row in sorted([as_text(cell) for cell in row] for row in rows):
        digest.update("\t".join(row).encode() + b"\n")
    return digest.hexdigest()


def as_text(cell: object) -> str:
    """A figure as exports and hashes write it: plain decimals without trailing zeros, nothing for no data."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        text = f"{cell:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(cell)


def _may_rank(scored: Scored, minimum_sample: int) -> bool:
    return scored.score is not None and scored.sample >= minimum_sample


def _apportioned(exact: Sequence[Decimal | None], score: Decimal) -> list[Decimal | None]:
    """Each part rounded down to cents, and the cents left over to those that lost most."""
    floors = [None if part is None else part.quantize(PLACES, ROUND_FLOOR) for part in exact]
    left = int((score - sum((part for part in floors if part is not None), Decimal(0))) / PLACES)
    lost = [
        (part - floor, -i)
        for i, (part, floor) in enumerate(zip(exact, floors, strict=True))
        if part is not None and floor is not None
    ]
    for _loss, negated in sorted(lost, reverse=True)[:left]:
        i = -negated
        floor = floors[i]
        floors[i] = None if floor is None else floor + PLACES
    return floors
