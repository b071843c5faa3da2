"""Every query of the access log; whoever asks with an area sees nothing outside it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.access_log.models import AccessLogEntry
from shared.database import Database, insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

ONCE = ("actor", "subject_id", "action", "hour")
CHUNK = 500
NEWEST_FIRST = [(col(AccessLogEntry.at), "desc"), (col(AccessLogEntry.id), "desc")]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reading of the log is narrowed to; `until` is not included."""

    customer_id: UUID | None = None
    actor: str | None = None
    hall: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def add(session: AsyncSession, entry: AccessLogEntry) -> None:
    """A line that is there already for this hour stays as it is."""
    await insert_new(session, AccessLogEntry, [entry], key=ONCE)


async def page_of(session: AsyncSession, area: Area, filters: Filters, page: PageRequest) -> Page[Any]:
    """Newest first."""
    return await paginate(session, _found(area, filters), NEWEST_FIRST, page)  # type: ignore[arg-type]


async def chunks_of(
    database: Database, area: Area, filters: Filters
) -> AsyncIterator[Sequence[AccessLogEntry]]:
    """All of them, newest first, a chunk at a time."""
    cursor: str | None = None
    while True:
        async with database.reading() as session:
            page = await page_of(session, area, filters, PageRequest(CHUNK, cursor))
        yield page.items
        if page.next_cursor is None:
            return
        cursor = page.next_cursor


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """Who looked at this person, oldest first."""
    query = select(AccessLogEntry).where(AccessLogEntry.subject_id == customer_id)
    rows = await session.scalars(query.order_by(col(AccessLogEntry.at), col(AccessLogEntry.id)))
    shown = {"at", "actor", "role", "action", "hall", "reason"}
    return {"access_log": [row.model_dump(include=shown) for row in rows]}


def _found(area: Area, filters: Filters) -> sa.Select[Any]:
    wanted = {
        col(AccessLogEntry.subject_id): filters.customer_id,
        col(AccessLogEntry.actor): filters.actor,
        col(AccessLogEntry.hall): filters.hall,
        col(AccessLogEntry.action): filters.action,
    }
    query = select(AccessLogEntry).where(area.clause(col(AccessLogEntry.hall), col(AccessLogEntry.county)))
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    if filters.since is not None:
        query = query.where(AccessLogEntry.at >= filters.since)
    if filters.until is not None:
        query = query.where(AccessLogEntry.at < filters.until)
    return query
