"""The nightly run over the periods that are still open, one period a transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.periods import repository as periods
from services.kpi.periods.rules import open_periods
from services.kpi.scoring.usecases.score_period import ScorePeriod, score_period
from shared.scheduler import Firing, Job

BY = "job:score_open_periods"


async def score_open_periods(session: AsyncSession, firing: Firing) -> bool:
    """Score the next open period not looked at since this firing was due; True while others may wait."""
    codes = [period.code for period in open_periods(firing.due_at)]
    known = await periods.states(session, codes)
    for code in codes:
        state = known.get(code)
        checked = state is not None and state.checked_at is not None and state.checked_at >= firing.due_at
        if checked or (state is not None and state.closed):
            continue
        await score_period(session, ScorePeriod(code, BY), now=max(firing.now, firing.due_at))
        return True
    return False


JOBS = [Job("score_open_periods", score_open_periods, cron="30 2 * * *")]
