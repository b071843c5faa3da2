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
from services.kpi.scoring.models import Run, Score, ScoreIndicator
from services.kpi.scoring.repository import Viewer
from services.kpi.staff import repository as staff

TREND_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One subject on the board; `depth` is how far it is set in."""

    score: Score
    name: str
    depth: int
    cells: Mapping[str, ScoreIndicator]
    change: Decimal | None


@dataclass(frozen=True, slots=True)
class Trend:
    """One subject's scores month by month, None where there is none."""

    name: str
    points: Sequence[tuple[str, Decimal | None]]


@dataclass(frozen=True, slots=True)
class Board:
    """What one viewer sees of a period; `run` is None before the first run."""

    period: Period
    periods: list[str]
    run: Run | None
    state: PeriodState | None
    indicators: list[Indicator]
    lines: list[Line]
    trend: Trend | None


async def show_board(session: AsyncSession, period: Period, viewer: Viewer) -> Board:
    run = await repository.latest_run(session, period.code)
    scored = await repository.scored_periods(session)
    periods = sorted({period.code, *scored}, reverse=True)
    state = await repository.period_state(session, period.code)
    if run is None:
        return Board(period, periods, None, state, [], [], None)
    names = await staff.names(session)
    scores = in_order(await repository.scores_of_run(session, run.id, viewer))
    cells = await repository.indicators_of(session, [score.id for score in scores])
    before = await _scores_before(session, period, viewer)
    lines = [
        Line(
            score,
            names.get((score.level, score.subject), score.subject),
            _depth(score, scores),
            {cell.code: cell for cell in cells[score.id]},
            _change(score, before.get((score.level, score.subject))),
        )
        for score in scores
    ]
    used = {code for line in lines for code in line.cells}
    indicators = [indicator for indicator in await catalogue.catalogue(session) if indicator.code in used]
    trend = await _trend(session, period, lines[0], viewer) if lines else None
    return Board(period, periods, run, state, indicators, lines, trend)


def in_order(scores: Sequence[Score]) -> list[Score]:
    """The region, then each county followed by its halls, each hall followed by its clerks."""
    return sorted(
        scores, key=lambda s: (s.level != "region", s.county, s.hall, s.level == "clerk", s.subject)
    )


def _depth(score: Score, scores: Sequence[Score]) -> int:
    """Set in by level, counted from the highest level that the viewer sees."""
    order = ("region", "county", "hall", "clerk")
    return order.index(score.level) - min(order.index(one.level) for one in scores)


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
