"""All queries of runs and scores. Whoever asks with an area sees nothing outside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from services.kpi import commit_order
from services.kpi.commit_order import Position
from services.kpi.periods.models import PeriodState
from services.kpi.scoring.errors import RunNotFound, ScoreNotFound
from services.kpi.scoring.models import Run, RunPart, Score, ScoreIndicator
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area, Caller

# Columns in queries: SQLModel types them as the values of a row.
RUN: Any = Run
SCORE: Any = Score
RESULT: Any = ScoreIndicator
PART: Any = RunPart


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose scores may be seen: an area, and for a clerk only that clerk's own."""

    area: Area
    clerk: str | None = None

    @classmethod
    def of(cls, caller: Caller) -> "Viewer":
        return cls(caller.area, caller.subject if caller.role == "clerk" else None)

    def clause(self) -> sa.ColumnElement[bool]:
        within = self.area.clause(SCORE.hall, SCORE.county)
        if self.clerk is None:
            return within
        return sa.and_(within, SCORE.level == "clerk", SCORE.subject == self.clerk)


async def latest_run(session: AsyncSession, period: str, *, known_at: datetime | None = None) -> Run | None:
    """The newest run of the period, or the newest that was complete at a moment in the past."""
    statement = select(Run).where(RUN.period == period)
    if known_at is not None:
        statement = statement.where(RUN.completed_at <= known_at)
    newest = RUN.completed_at.desc(), RUN.id.desc()
    return (await session.scalars(statement.order_by(*newest).limit(1))).one_or_none()


async def get_run(session: AsyncSession, run_id: UUID) -> Run:
    found = await session.get(Run, run_id)
    if found is None:
        raise RunNotFound
    return found


async def runs_of(session: AsyncSession, run_ids: Iterable[UUID]) -> dict[UUID, Run]:
    statement = select(Run).where(RUN.id.in_(set(run_ids)))
    return {run.id: run for run in (await session.scalars(statement)).all()}


async def get_score(session: AsyncSession, score_id: UUID, viewer: Viewer) -> Score:
    found = (await session.scalars(select(Score).where(SCORE.id == score_id, viewer.clause()))).one_or_none()
    if found is None:
        raise ScoreNotFound
    return found


async def scores_page(
    session: AsyncSession, run_id: UUID, level: str | None, viewer: Viewer, page: PageRequest
) -> Page[Any]:
    statement = sa.select(Score).where(SCORE.run_id == run_id, viewer.clause())
    if level is not None:
        statement = statement.where(SCORE.level == level)
    return await paginate(session, statement, [(SCORE.level, "asc"), (SCORE.subject, "asc")], page)


async def scores_of_run(session: AsyncSession, run_id: UUID, viewer: Viewer) -> Sequence[Score]:
    """All scores of a run that the viewer may see; thousands at most."""
    statement = select(Score).where(SCORE.run_id == run_id, viewer.clause())
    return (await session.scalars(statement.order_by(SCORE.level, SCORE.subject))).all()


async def indicators_of(session: AsyncSession, score_ids: Iterable[UUID]) -> dict[UUID, list[ScoreIndicator]]:
    """The indicators of each score, in the scheme's order."""
    wanted = list(score_ids)
    found: dict[UUID, list[ScoreIndicator]] = {score_id: [] for score_id in wanted}
    for chunk in (wanted[i : i + 500] for i in range(0, len(wanted), 500)):
        statement = select(ScoreIndicator).where(RESULT.score_id.in_(chunk))
        for row in (await session.scalars(statement.order_by(RESULT.position))).all():
            found[row.score_id].append(row)
    return found


async def parts_of(session: AsyncSession, run_id: UUID, indicator: str | None = None) -> Sequence[RunPart]:
    statement = select(RunPart).where(PART.run_id == run_id)
    if indicator is not None:
        statement = statement.where(PART.indicator == indicator)
    return (await session.scalars(statement.order_by(PART.county, PART.hall, PART.clerk))).all()


async def newest_scores(
    session: AsyncSession, periods: Sequence[str], level: str, subject: str, viewer: Viewer
) -> dict[str, Score]:
    """A subject's score in the newest run of each period."""
    newest = sa.func.row_number().over(
        partition_by=RUN.period, order_by=(RUN.completed_at.desc(), RUN.id.desc())
    )
    runs = sa.select(RUN.id, newest.label("nth")).where(RUN.period.in_(periods)).subquery()
    current = sa.select(runs.c.id).where(runs.c.nth == 1)
    statement = select(Score).where(
        SCORE.level == level, SCORE.subject == subject, viewer.clause(), SCORE.run_id.in_(current)
    )
    return {score.period: score for score in (await session.scalars(statement)).all()}


async def scored_periods(session: AsyncSession) -> list[str]:
    """Every period with a run, newest first."""
    statement = sa.select(RUN.period).distinct().order_by(RUN.period.desc())
    return list((await session.scalars(statement)).all())


async def period_state(session: AsyncSession, period: str) -> PeriodState | None:
    return await session.get(PeriodState, period)


async def settled(session: AsyncSession) -> Position:
    return await commit_order.settled(session, Score)


async def feed(
    session: AsyncSession, area: Area, after: Position, until: Position, limit: int
) -> Sequence[Score]:
    """Settled scores behind the position, in commit order."""
    statement = (
        select(Score)
        .where(commit_order.after(Score, after), commit_order.before(Score, until))
        .where(area.clause(SCORE.hall, SCORE.county))
        .order_by(*commit_order.in_order(Score))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def newest(session: AsyncSession, area: Area, until: Position) -> Position:
    """The place of the last settled row in the area."""
    order = [column.desc() for column in (SCORE.xid, SCORE.seq)]
    statement = sa.select(SCORE.xid, SCORE.seq).where(
        commit_order.before(Score, until), area.clause(SCORE.hall, SCORE.county)
    )
    row = (await session.execute(statement.order_by(*order).limit(1))).first()
    return Position(row[0], row[1]) if row else Position()
