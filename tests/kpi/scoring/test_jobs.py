"""The nightly run: every open period once a night, nothing where nothing is new."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.kpi.periods.rules import open_periods, quarter_of
from services.kpi.scoring.jobs import JOBS
from services.kpi.scoring.models import Run
from shared import clock
from shared.database import Database
from shared.scheduler import Scheduler
from tests.kpi.house import Tell, registered, the_house

pytestmark = pytest.mark.both_databases


async def runs(database: Database) -> list[str]:
    async with database.reading() as session:
        return list((await session.scalars(sa.select(Run.period).order_by(Run.period))).all())  # type: ignore[call-overload]


async def test_one_night_scores_each_open_period_once(tell: Tell, database: Database) -> None:
    tonight = clock.now()
    await tell(*the_house(), registered("ZZ0101", occurred_at=tonight))
    scheduler = Scheduler(database, JOBS)
    assert await scheduler.fire(JOBS[0], tonight)
    assert await runs(database) == sorted(period.code for period in open_periods(JOBS[0].due_before(tonight)))
    assert not await scheduler.fire(JOBS[0], tonight)


async def test_the_next_night_only_scores_what_is_new(tell: Tell, database: Database) -> None:
    tonight = clock.now()
    await tell(*the_house(), registered("ZZ0101", occurred_at=tonight))
    scheduler = Scheduler(database, JOBS)
    await scheduler.fire(JOBS[0], tonight)
    first = await runs(database)
    await tell(registered("ZZ0102", occurred_at=tonight))
    await scheduler.fire(JOBS[0], tonight + timedelta(days=1))
    month = clock.month_of(tonight)
    assert sorted(await runs(database)) == sorted([*first, month, quarter_of(month).code])
