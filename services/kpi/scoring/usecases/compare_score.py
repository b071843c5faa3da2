"""A score with its indicators, beside the period before and the same period last year."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.indicators import repository as catalogue
from services.kpi.indicators.models import Indicator
from services.kpi.periods.rules import Period
from services.kpi.schemes import repository as schemes
from services.kpi.schemes.models import Scheme
from services.kpi.scoring import repository
from services.kpi.scoring.models import Run, Score, ScoreIndicator
from services.kpi.scoring.repository import Viewer


@dataclass(frozen=True, slots=True)
class Compared:
    """A score and what to hold it against; `known_weight` is that of the indicators with data."""

    score: Score
    run: Run
    scheme: Scheme
    results: Sequence[tuple[ScoreIndicator, Indicator]]
    known_weight: Decimal
    previous: Score | None
    a_year_ago: Score | None


async def compare_score(session: AsyncSession, score_id: UUID, viewer: Viewer) -> Compared:
    """Raises `ScoreNotFound`, also outside the viewer's area."""
    score = await repository.get_score(session, score_id, viewer)
    results = (await repository.indicators_of(session, [score.id]))[score.id]
    known = {indicator.code: indicator for indicator in await catalogue.catalogue(session)}
    period = Period.parse(score.period)
    before, year = period.previous().code, period.a_year_ago().code
    others = await repository.newest_scores(session, [before, year], score.level, score.subject, viewer)
    return Compared(
        score,
        await repository.get_run(session, score.run_id),
        await schemes.get_scheme(session, score.scheme_id),
        [(result, known[result.code]) for result in results],
        sum((result.weight for result in results if result.points is not None), Decimal(0)),
        others.get(before),
        others.get(year),
    )
