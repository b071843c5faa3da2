"""Sessions that ended before their time: a password was changed, an account closed, somebody moved.

Each subject has a version; a session carries the one it was made with and is over once there is a higher one. The
customer service raises it and says so, the others keep a copy, and every page looks: one row by its key.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from shared import outbox
from shared.consumer import Delivery, Handlers, bulk
from shared.database import upsert
from shared.errors import Unauthenticated
from shared.events.customer import UserSessionsEnded
from shared.ledger import SESSION_VERSIONS
from shared.security.tenancy import Caller


class SessionEnded(Unauthenticated):
    """The session was good once."""

    code = "session-ended"
    title = "登录已失效"
    detail = "您的登录已失效，请重新登录。"


async def version_of(session: AsyncSession, subject: str) -> int:
    """What a session that begins now has to carry."""
    query = sa.select(SESSION_VERSIONS.c.version).where(SESSION_VERSIONS.c.subject == subject)
    return (await session.execute(query)).scalar_one_or_none() or 0


async def refuse_ended(session: AsyncSession, caller: Caller) -> None:
    if caller.session_version < await version_of(session, caller.subject):
        raise SessionEnded


async def end_sessions(session: AsyncSession, subject: str, *, now: datetime) -> None:
    """End every session of the subject, here with this transaction, elsewhere with the event."""
    first = {"subject": subject, "version": 0, "ended_at": now}
    await upsert(session, SESSION_VERSIONS, [first], key=["subject"], update=[])
    raised = sa.update(SESSION_VERSIONS).where(SESSION_VERSIONS.c.subject == subject)
    values = {"version": SESSION_VERSIONS.c.version + 1, "ended_at": now}
    version = (
        await session.execute(raised.values(values).returning(SESSION_VERSIONS.c.version))
    ).scalar_one()
    outbox.add(session, UserSessionsEnded(subject=subject, version=version, occurred_at=now))


@bulk
async def end_sessions_on_user_sessions_ended(
    session: AsyncSession, deliveries: list[Delivery[UserSessionsEnded]]
) -> None:
    rows = [
        {"subject": d.event.subject, "version": d.event.version, "ended_at": d.event.occurred_at}
        for d in deliveries
    ]
    await upsert(session, SESSION_VERSIONS, rows, key=["subject"], newer_by="version")


HANDLERS: Handlers = {UserSessionsEnded: [end_sessions_on_user_sessions_ended]}
