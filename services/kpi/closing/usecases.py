"""Making a period's figures final."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.periods import repository as periods
from services.kpi.periods.models import PeriodState
from services.kpi.scoring.usecases.score_period import ScorePeriod, score_period
from shared import outbox


@dataclass(frozen=True, slots=True)
class ClosePeriod:
    """Close this period with what is known now."""

    period: str
    by: str


async def close_period(session: AsyncSession, command: ClosePeriod, *, now: datetime) -> PeriodState:
    """Run once more, then make that run final. Raises `PeriodNotOver`, `PeriodAlreadyClosed`."""
    state = await periods.locked(session, command.period)
    run = await score_period(session, ScorePeriod(command.period, command.by), now=now)
    event = state.close(run.id, subjects=run.scores, sha256=run.sha256, by=command.by, now=now)
    session.add(state)
    outbox.add(session, event)
    return state
