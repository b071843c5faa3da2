"""Queries of imports and their rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.archive.models import Customer
from services.customer.imports.errors import ImportNotFound
from services.customer.imports.models import ImportJob, ImportLine, ImportRow
from shared.database import among, insert_rows, upsert
from shared.pagination import Page, PageRequest, paginate
from shared.personal_data import told
from shared.security.tenancy import Area

# A second line with the same number is a double unless the first was refused for what stands in it.
NOT_REFUSED_FOR_ITS_CONTENT = ("customer-exists", "duplicate-in-file")
LINE = tuple(field.name for field in fields(ImportLine))
OUTCOME = ("status", "code", "detail", "customer_id", "phone_enc", "cells")


async def add_rows(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> None:
    await insert_rows(session, ImportRow, rows)


async def get_job(session: AsyncSession, job_id: UUID, area: Area) -> ImportJob:
    """An import that is wholly here."""
    within = area.clause(col(ImportJob.hall), col(ImportJob.county))
    query = select(ImportJob).where(ImportJob.id == job_id, ImportJob.status != "receiving", within)
    job = (await session.scalars(query)).one_or_none()
    if job is None:
        raise ImportNotFound
    return job


async def receiving_job(session: AsyncSession, job_id: UUID) -> ImportJob:
    return (await session.scalars(select(ImportJob).where(ImportJob.id == job_id))).one()


async def next_job(session: AsyncSession) -> ImportJob | None:
    """The oldest import with work left, locked against other workers."""
    query = select(ImportJob).where(col(ImportJob.status).in_(["queued", "working"]))
    oldest = query.order_by(col(ImportJob.id)).limit(1).with_for_update(skip_locked=True)
    return (await session.scalars(oldest)).one_or_none()


async def pending_lines(session: AsyncSession, job_id: UUID, limit: int) -> list[ImportLine]:
    columns = (col(getattr(ImportRow, name)) for name in LINE)
    query = sa.select(*columns).where(col(ImportRow.job_id) == job_id, col(ImportRow.status) == "pending")
    rows = await session.execute(query.order_by(col(ImportRow.line)).limit(limit))
    return [ImportLine(*row) for row in rows]


async def put_back(session: AsyncSession, lines: Sequence[ImportLine]) -> None:
    """Write what became of these lines, in one statement."""
    rows = [{name: getattr(line, name) for name in LINE} for line in lines]
    await upsert(session, ImportRow, rows, key=["job_id", "line"], update=OUTCOME)


async def earlier_lines(
    session: AsyncSession, job_id: UUID, before: int, phone_indexes: Iterable[str]
) -> dict[str, int]:
    """The first line before `before` that has each of these numbers, unless it was refused for its content."""
    counts = sa.or_(col(ImportRow.status) != "rejected", col(ImportRow.code).in_(NOT_REFUSED_FOR_ITS_CONTENT))
    query = (
        sa.select(col(ImportRow.phone_index), sa.func.min(ImportRow.line))
        .where(
            col(ImportRow.job_id) == job_id,
            col(ImportRow.line) < before,
            among(session, col(ImportRow.phone_index), phone_indexes),
            counts,
        )
        .group_by(col(ImportRow.phone_index))
    )
    return {str(row[0]): row[1] for row in await session.execute(query)}


async def counts_of(session: AsyncSession, job_id: UUID) -> dict[str, int]:
    """How many rows there are of each status."""
    query = sa.select(col(ImportRow.status), sa.func.count()).where(col(ImportRow.job_id) == job_id)
    rows = await session.execute(query.group_by(col(ImportRow.status)))
    return {row[0]: row[1] for row in rows}


async def rows_page(session: AsyncSession, job_id: UUID, page: PageRequest) -> Page[Any]:
    query = select(ImportRow).where(ImportRow.job_id == job_id)
    return await paginate(session, query, [(col(ImportRow.line), "asc")], page)


async def rejected_after(session: AsyncSession, job_id: UUID, after: int, limit: int) -> Sequence[ImportRow]:
    query = select(ImportRow).where(
        ImportRow.job_id == job_id, ImportRow.status == "rejected", col(ImportRow.line) > after
    )
    return (await session.scalars(query.order_by(col(ImportRow.line)).limit(limit))).all()


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Of the lines that named them stays the outcome. Their numbers must still be on their records."""
    numbers = sa.select(col(Customer.phone_index)).where(col(Customer.id).in_(ids))
    named = sa.or_(col(ImportRow.customer_id).in_(ids), col(ImportRow.phone_index).in_(numbers))
    blank = {"phone_enc": None, "phone_index": None, "phone_masked": None, "cells": None}
    await session.execute(
        sa.update(ImportRow).where(named, col(ImportRow.status) != "pending").values(**blank)
    )


async def delete_job(session: AsyncSession, job_id: UUID) -> None:
    """With its rows."""
    await session.execute(sa.delete(ImportJob).where(col(ImportJob.id) == job_id))


async def delete_one_old_job(session: AsyncSession, kept: datetime, received: datetime) -> bool:
    """An import made before `kept`, or one whose upload broke off before `received`."""
    abandoned = sa.and_(col(ImportJob.status) == "receiving", col(ImportJob.created_at) < received)
    old = select(ImportJob.id).where(sa.or_(col(ImportJob.created_at) < kept, abandoned)).limit(1)
    job_id = (await session.scalars(old)).one_or_none()
    if job_id is not None:
        await delete_job(session, job_id)
    return job_id is not None


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Which lines of which sheets brought or changed the record."""
    query = select(ImportRow).where(ImportRow.customer_id == customer_id).order_by(col(ImportRow.job_id))
    rows = await session.scalars(query)
    return {"import_lines": [told(row, "customer_id", "cells") for row in rows]}
