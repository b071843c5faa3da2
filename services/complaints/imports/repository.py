"""Queries of import jobs and their rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.imports.errors import ImportNotFound
from services.complaints.imports.models import ImportJob, ImportRow
from shared.database import insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

INSERTED_AT_ONCE = 1000


async def insert_job(session: AsyncSession, job: ImportJob, rows: Sequence[ImportRow]) -> None:
    session.add(job)
    await session.flush()
    for start in range(0, len(rows), INSERTED_AT_ONCE):
        await insert_rows(session, ImportRow, rows[start : start + INSERTED_AT_ONCE])


async def get_job(session: AsyncSession, job_id: UUID, area: Area) -> ImportJob:
    """The job of somebody inside the area; raises ImportNotFound."""
    inside: Any = area.clause(col(ImportJob.hall), col(ImportJob.county))
    job = (await session.scalars(select(ImportJob).where(col(ImportJob.id) == job_id, inside))).one_or_none()
    if job is None:
        raise ImportNotFound
    return job


async def job_to_work_on(session: AsyncSession) -> ImportJob | None:
    """The oldest unfinished job, locked: files are applied one after the other, in the order they came."""
    query = (
        select(ImportJob).where(col(ImportJob.status).in_(("queued", "working"))).order_by(col(ImportJob.id))
    )
    return (await session.scalars(query.limit(1).with_for_update())).one_or_none()


async def pending_rows(session: AsyncSession, job_id: UUID, limit: int) -> Sequence[ImportRow]:
    query = select(ImportRow).where(col(ImportRow.job_id) == job_id, col(ImportRow.status) == "pending")
    return (await session.scalars(query.order_by(col(ImportRow.line)).limit(limit))).all()


async def rows_page(
    session: AsyncSession, job_id: UUID, status: str | None, page: PageRequest
) -> Page[ImportRow]:
    query = select(ImportRow).where(col(ImportRow.job_id) == job_id)
    if status is not None:
        query = query.where(col(ImportRow.status) == status)
    return await paginate(session, query, [(col(ImportRow.line), "asc")], page)


async def forget_jobs(session: AsyncSession, before: datetime) -> None:
    """Delete what is older than anybody asks for."""
    old = sa.select(col(ImportJob.id)).where(col(ImportJob.finished_at) < before)
    await session.execute(sa.delete(ImportRow).where(col(ImportRow.job_id).in_(old)))
    await session.execute(sa.delete(ImportJob).where(col(ImportJob.finished_at) < before))
