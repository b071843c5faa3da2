"""The board of a period: county → hall → clerk with every indicator, the change since last time, and a year's trend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.indicators import repository as catalogue
from services.kpi.indicators.models import Indicator
from services.kpi.periods.models import PeriodState
from services.kpi.periods.rules import Period, last_months
from services.kpi.scoring import repository
from services.kpi.scoring.errors import ScoreNotFound
from services.kpi.scoring.models import Run, Score, ScoreIndicator
from services.kpi.scoring.repository import Viewer
from services.kpi.staff import repository as staff

TREND_MONTHS = 12
LINES_AT_ONCE = 24
LEVELS = ("region", "county", "hall", "clerk")


@dataclass(frozen=True, slots=True)
class Line:
    """One subject on the board; `depth` is how far it is set in."""

    score: Score
    name: str
    depth: int
    cells: Mapping[str, ScoreIndicator]
    change: Decimal | None


@dataclass(frozen=True, slots=True)
class Column:
    """One indicator; weight and target when they are the same on every line, else None."""

    indicator: Indicator
    weight: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Trend:
    """One subject's scores month by month, None where there is none."""

    name: str
    points: Sequence[tuple[str, Decimal | None]]


@dataclass(frozen=True, slots=True)
class Board:
    """What one viewer sees of a period; `run` is None before the first run.

    `trail` leads from the widest place the viewer sees to the one that is opened; `folded` are levels not shown.
    """

    period: Period
    periods: list[str]
    run: Run | None
    state: PeriodState | None
    columns: list[Column]
    lines: list[Line]
    trend: Trend | None
    trail: list[tuple[str, str]]
    folded: list[str]


async def show_board(
    session: AsyncSession, period: Period, viewer: Viewer, place: str | None = None
) -> Board:
    """With a `place`, a county or a hall, only what lies in it; raises `ScoreNotFound` when it is out of sight."""
    run = await repository.latest_run(session, period.code)
    scored = await repository.scored_periods(session)
    periods = sorted({period.code, *scored}, reverse=True)
    state = await repository.period_state(session, period.code)
    if run is None:
        return Board(period, periods, None, state, [], [], None, [], [])
    names = await staff.names(session)
    visible = in_order(await repository.scores_of_run(session, run.id, viewer))
    opened = _opened(visible, place)
    inside = [score for score in visible if opened is None or _inside(score, opened)]
    scores = unfolded(inside)
    lines = await _lines(session, period, viewer, scores, names)
    columns = _columns(await catalogue.catalogue(session), lines)
    trend = await _trend(session, period, lines[0], viewer) if lines else None
    trail = [(s.subject, names.get((s.level, s.subject), s.subject)) for s in _above(visible, opened)]
    hidden = {score.level for score in inside} - {score.level for score in scores}
    return Board(period, periods, run, state, columns, lines, trend, trail, sorted(hidden, key=LEVELS.index))


async def _lines(
    session: AsyncSession,
    period: Period,
    viewer: Viewer,
    scores: Sequence[Score],
    names: Mapping[tuple[str, str], str],
) -> list[Line]:
    cells = await repository.indicators_of(session, [score.id for score in scores])
    before = await _scores_before(session, period, viewer)
    return [
        Line(
            score,
            names.get((score.level, score.subject), score.subject),
            _depth(score, scores),
            {cell.code: cell for cell in cells[score.id]},
            _change(score, before.get((score.level, score.subject))),
        )
        for score in scores
    ]


def unfolded(scores: Sequence[Score]) -> Sequence[Score]:
    """The highest levels that fit on a page together, at least one; opening a place shows what is below."""
    present = [level for level in LEVELS if any(score.level == level for score in scores)]
    while len(scores) > LINES_AT_ONCE and len(present) > 1:
        present.pop()
        scores = [score for score in scores if score.level in present]
    return scores


def _opened(scores: Sequence[Score], place: str | None) -> Score | None:
    if place is None:
        return None
    for score in scores:
        if score.level in {"county", "hall"} and score.subject == place:
            return score
    raise ScoreNotFound


def _inside(score: Score, opened: Score) -> bool:
    if opened.level == "hall":
        return score.hall == opened.subject
    return score.county == opened.subject


def _above(scores: Sequence[Score], opened: Score | None) -> list[Score]:
    """The places that contain the opened one, as far as the viewer sees them."""
    if opened is None:
        return []
    wider = LEVELS[: LEVELS.index(opened.level)]
    return [s for s in scores if s.level in wider and (s.level == "region" or s.subject == opened.county)]


def _columns(indicators: Sequence[Indicator], lines: Sequence[Line]) -> list[Column]:
    found = []
    for indicator in indicators:
        cells = [line.cells[indicator.code] for line in lines if indicator.code in line.cells]
        if cells:
            weights, targets = {cell.weight for cell in cells}, {cell.target for cell in cells}
            found.append(Column(indicator, _only(weights), _only(targets)))
    return found


def _only(values: set[Decimal]) -> Decimal | None:
    return next(iter(values)) if len(values) == 1 else None


def in_order(scores: Sequence[Score]) -> list[Score]:
    """The region, then each county followed by its halls, each hall followed by its clerks."""
    return sorted(
        scores, key=lambda s: (s.level != "region", s.county, s.hall, s.level == "clerk", s.subject)
    )


def _depth(score: Score, scores: Sequence[Score]) -> int:
    """Set in by level, counted from the highest level that the viewer sees."""
    return LEVELS.index(score.level) - min(LEVELS.index(one.level) for one in scores)


async def _scores_before(
    session: AsyncSession, period: Period, viewer: Viewer
) -> dict[tuple[str, str], Score]:
    run = await repository.latest_run(session, period.previous().code)
    if run is None:
        return {}
    return {(s.level, s.subject): s for s in await repository.scores_of_run(session, run.id, viewer)}


def _change(score: Score, before: Score | None) -> Decimal | None:
    if before is None or before.score is None or score.score is None:
        return None
    return score.score - before.score


async def _trend(session: AsyncSession, period: Period, first: Line, viewer: Viewer) -> Trend:
    months = last_months(period.months[-1], TREND_MONTHS)
    found = await repository.newest_scores(session, months, first.score.level, first.score.subject, viewer)
    points = [(month, found[month].score if month in found else None) for month in months]
    return Trend(first.name, points)
