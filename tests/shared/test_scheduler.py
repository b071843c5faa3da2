"""A firing happens once, however many replicas look at the clock, and together with its effects or not at all."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database, insert_rows
from shared.scheduler import Firing, Job, Scheduler
from tests.shared.kernel import SCRATCH

NOW = datetime(2026, 11, 25, 8, 30, 10, tzinfo=UTC)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


async def count(database: Database) -> int:
    async with database.reading() as session:
        return int((await session.execute(sa.select(sa.func.count()).select_from(SCRATCH))).scalar_one())


async def note(session: AsyncSession, firing: Firing) -> None:
    number = int(firing.due_at.timestamp())
    row = {"id": number, "word": str(number), "version": 1, "tags": [], "at": firing.now}
    await insert_rows(session, SCRATCH, [row])


async def test_ten_replicas_fire_a_due_job_once(kernel_database: Database) -> None:
    job = Job("note", note, every=timedelta(minutes=1))
    replicas = [Scheduler(kernel_database, [job]) for _ in range(10)]
    fired = await asyncio.gather(*(replica.fire(job, NOW) for replica in replicas))
    assert sum(fired) == 1
    assert await count(kernel_database) == 1


async def test_the_next_due_time_fires_again_and_an_earlier_one_never(kernel_database: Database) -> None:
    scheduler = Scheduler(kernel_database, [])
    job = Job("note", note, every=timedelta(minutes=1))
    assert await scheduler.fire(job, NOW)
    assert await scheduler.fire(job, NOW + timedelta(minutes=1))
    assert not await scheduler.fire(job, NOW)
    assert await count(kernel_database) == 2


async def test_a_job_that_fails_is_fired_again(kernel_database: Database) -> None:
    attempts = 0

    async def fails_once(session: AsyncSession, firing: Firing) -> None:
        nonlocal attempts
        attempts += 1
        await note(session, firing)
        if attempts == 1:
            raise RuntimeError

    job = Job("fails_once", fails_once, every=timedelta(minutes=1))
    scheduler = Scheduler(kernel_database, [job])
    with pytest.raises(RuntimeError):
        await scheduler.fire(job, NOW)
    assert await count(kernel_database) == 0
    assert await scheduler.fire(job, NOW)
    assert await count(kernel_database) == 1


async def test_chunked_work_runs_until_there_is_no_more(kernel_database: Database) -> None:
    chunks = 0

    async def in_chunks(session: AsyncSession, firing: Firing) -> bool:
        nonlocal chunks
        chunks += 1
        return chunks < 4

    await Scheduler(kernel_database, []).fire(Job("in_chunks", in_chunks, every=timedelta(minutes=1)), NOW)
    assert chunks == 4


@given(instants)
def test_cron_is_read_in_shanghai_time(now: datetime) -> None:
    job = Job("nightly", note, cron="17 4 * * *")
    due, following = job.due_before(now), job.due_after(now)
    assert due <= now < following
    assert following - due == timedelta(days=1)
    assert (due + timedelta(hours=8)).strftime("%H:%M") == "04:17"


@given(instants, st.integers(1, 100_000))
def test_intervals_are_aligned_the_same_for_every_replica(now: datetime, seconds: int) -> None:
    every = timedelta(seconds=seconds)
    job = Job("often", note, every=every)
    due = job.due_before(now)
    assert due <= now < due + every
    assert job.due_before(due) == due == job.due_before(due + every - timedelta(microseconds=1))
