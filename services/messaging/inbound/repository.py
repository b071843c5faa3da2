"""Queries of replies and of the words they are read by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.inbound.errors import ReplyNotFound
from services.messaging.inbound.models import KEPT, UNMATCHED, Reply, ReplyWord
from shared.database import insert_rows
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


async def words(session: AsyncSession) -> dict[str, str]:
    """What each folded word means; there are tens."""
    return {each.word: each.kind for each in await session.scalars(select(ReplyWord))}


async def replace_words(session: AsyncSession, meanings: Mapping[str, str]) -> None:
    await session.execute(sa.delete(ReplyWord))
    await insert_rows(session, ReplyWord, [{"word": w, "kind": k} for w, k in sorted(meanings.items())])


async def get_reply(session: AsyncSession, reply_id: UUID, area: Area) -> Reply:
    """For a change: held until the transaction ends. Raises ReplyNotFound, also outside the area."""
    within = area.clause(col(Reply.hall), col(Reply.county))
    query = select(Reply).where(Reply.id == reply_id, within).with_for_update()
    reply = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if reply is None:
        raise ReplyNotFound
    return reply


async def replies_page(
    session: AsyncSession,
    area: Area,
    page: PageRequest,
    *,
    kind: str | None = None,
    customer_id: UUID | None = None,
) -> Page[Any]:
    """Newest first."""
    query = select(Reply).where(area.clause(col(Reply.hall), col(Reply.county)))
    if kind is not None:
        query = query.where(Reply.kind == kind)
    if customer_id is not None:
        query = query.where(Reply.customer_id == customer_id)
    return await paginate(session, query, [(col(Reply.id), "desc")], page)


async def unmatched_page(session: AsyncSession, area: Area, page: PageRequest) -> Page[Any]:
    """What waits for a person, the oldest first; what names no hall is the offices' to see."""
    query = select(Reply).where(sa.text(UNMATCHED), area.clause(col(Reply.hall), col(Reply.county)))
    return await paginate(session, query, [(col(Reply.received_at), "asc"), (col(Reply.id), "asc")], page)


async def kept_before(session: AsyncSession, moment: datetime, limit: int) -> Sequence[Reply]:
    """Replies whose words or number are kept past that moment, held for this transaction."""
    query = (
        select(Reply).where(col(Reply.received_at) < moment, sa.text(KEPT)).order_by(col(Reply.received_at))
    )
    return (await session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def erase_customers(session: AsyncSession, ids: Sequence[UUID], numbers: Collection[str] = ()) -> None:
    """Words and numbers go, of these people and from these numbers; that somebody answered, what and when stays."""
    theirs = sa.or_(col(Reply.customer_id).in_(ids), col(Reply.phone_index).in_(numbers))
    blank = {"text": "", "note": None, "phone_enc": None, "phone_index": None, "phone_masked": ""}
    await session.execute(sa.update(Reply).where(theirs).values(**blank))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(Reply).where(Reply.customer_id == customer_id).order_by(col(Reply.id))
    found: Iterable[Reply] = await session.scalars(query)
    return {"replies": [{"received_at": r.received_at, "kind": r.kind, "text": r.text} for r in found]}
