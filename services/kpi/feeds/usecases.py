"""One chunk of a feed, and a whole run for an export. Everything within the caller's area."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.commit_order import Position
from services.kpi.facts import repository as facts
from services.kpi.facts.models import Fact
from services.kpi.periods import repository as periods
from services.kpi.periods.models import PeriodState
from services.kpi.scoring import repository as scoring
from services.kpi.scoring.models import Run, Score, ScoreIndicator
from services.kpi.scoring.repository import Viewer
from services.kpi.staff import repository as staff
from shared.security.tenancy import Area

Scored = tuple[Score, Sequence[ScoreIndicator], Run, PeriodState | None]
Names = dict[tuple[str, str], str]


async def facts_after(
    session: AsyncSession, area: Area, after: Position, until: Position, limit: int
) -> list[tuple[Position, Fact]]:
    return [(_place(fact), fact) for fact in await facts.feed(session, area, after, until, limit)]


async def scores_after(
    session: AsyncSession, area: Area, after: Position, until: Position, limit: int
) -> list[tuple[Position, Scored]]:
    """Scores with their indicators, run and the state of their period."""
    found = await scoring.feed(session, area, after, until, limit)
    return [(_place(one[0]), one) for one in await _with_details(session, found)]


async def run_of(
    session: AsyncSession, run_id: UUID, viewer: Viewer
) -> tuple[Run, PeriodState | None, list[Scored]]:
    """A run with the scores the viewer may see, highest level first. Raises `RunNotFound`."""
    run = await scoring.get_run(session, run_id)
    found = await scoring.scores_of_run(session, run_id, viewer)
    return run, await periods.state_or_none(session, run.period), await _with_details(session, found)


async def names_of(session: AsyncSession) -> Names:
    return await staff.names(session)


async def _with_details(session: AsyncSession, scores: Sequence[Score]) -> list[Scored]:
    results = await scoring.indicators_of(session, [score.id for score in scores])
    runs = await scoring.runs_of(session, (score.run_id for score in scores))
    states = await periods.states(session, (score.period for score in scores))
    return [(score, results[score.id], runs[score.run_id], states.get(score.period)) for score in scores]


def _place(row: Any) -> Position:
    return Position(row.xid, row.seq)
